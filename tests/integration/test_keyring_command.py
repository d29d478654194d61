"""`referral keyring list|reseal`: what is sealed with which key, and sealing it with the newest one."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.encryption import key_id_of, seal, unseal
from referral.events.entities import AdapterSecret, Webhook
from referral.key_ring import PURPOSES
from referral_tools.cli import main
from reward_dispatcher.webhook_secrets import new_secret_pair, newest_secret_pair, seal_secret_pair
from tests.support.builders.conversion_tracker import PROGRAM, program_version
from tests.support.records import write_records

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 2, tzinfo=UTC)
PAIR = new_secret_pair()
RING = ",".join(f"{purpose}:2026b:{purpose.ljust(40, 'x')}" for purpose in PURPOSES)


def _run(environ: dict[str, str], *words: str, **changed: str) -> Result:
    return CliRunner().invoke(main, ["keyring", *words], env=environ | changed)


def _read(settings: Settings) -> Catalog:
    reader = CatalogReader(settings, Catalog())
    reader.read_to_end(20)
    reader.close()
    return reader.view


def test_secrets_are_sealed_with_the_newest_key_and_the_old_one_can_go(
    environ: dict[str, str], settings: Settings
) -> None:
    """A webhook's and an adapter's secrets under the signing key: after `reseal` neither needs the signing key."""
    secrets = tuple(seal(settings.key_ring(), PROGRAM, "shop", text) for text in ("newer-one", "older-one"))
    adapter = AdapterSecret(recorded_at=NOW, program=PROGRAM, name="shop", sealed=secrets)
    sealed = seal_secret_pair(settings.key_ring(), PROGRAM, "whk_1", PAIR)
    webhook = Webhook(
        recorded_at=NOW, registered_at=NOW, id="whk_1", program=PROGRAM, url="https://hook.example/", sealed=(sealed,)
    )
    write_records(settings, [program_version(), webhook, adapter])
    rotated = {"REFERRAL_KEYS": RING}
    before = _run(environ, "list", **rotated).stdout
    assert [line.split() for line in before.splitlines() if line.startswith("sealing")] == [
        ["sealing", "2026b", "newest", "0"],
        ["sealing", "REFERRAL_SIGNING_KEY", "reads", "2"],
    ]
    assert "2 sealed with the newest key" in _run(environ, "reseal", **rotated).stdout
    assert "0 sealed with the newest key" in _run(environ, "reseal", **rotated).stdout
    catalog, ring = _read(settings), Settings.from_env({"REFERRAL_KEYS": RING}).key_ring()
    resealed, secret = catalog.webhook("whk_1"), catalog.adapter_secret(PROGRAM, "shop")
    assert resealed is not None
    assert newest_secret_pair(ring, resealed) == PAIR
    assert secret is not None
    assert [unseal(ring, PROGRAM, "shop", one) for one in secret.sealed] == ["newer-one", "older-one"]
    assert {key_id_of(one) for one in secret.sealed} == {"2026b"}
    back = _run(environ, "list").stdout
    assert ["sealing", "2026b", "MISSING:", "add", "it", "again", "2"] in [line.split() for line in back.splitlines()]
    failed = _run(environ, "reseal")
    assert failed.exit_code == 1
    assert f"the webhook whk_1 of {PROGRAM}" in failed.stderr
    assert "the key '2026b', which REFERRAL_KEYS does not have: add the key again" in failed.stderr
    assert "xxxx" not in before + back + failed.stderr
