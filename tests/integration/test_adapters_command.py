"""`referral adapters`: secrets go into the catalog sealed, change without a gap, and are never shown again."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.encryption import unseal
from referral_tools.cli import main
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM
from tests.support.records import write_records

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def program(settings: Settings) -> None:
    """The program is there."""
    write_records(settings, [program_version()])


def _run(environ: dict[str, str], *words: str, said: str | None = None, **changed: str) -> Result:
    return CliRunner().invoke(main, ["adapters", *words], input=said, env=environ | changed)


def _kept(settings: Settings, name: str) -> list[str]:
    reader = CatalogReader(settings, Catalog())
    reader.read_to_end(20)
    reader.close()
    kept = reader.view.adapter_secret(PROGRAM, name)
    return [unseal(settings.key_ring(), PROGRAM, name, one) for one in kept.sealed] if kept else []


def test_a_token_is_set_changed_without_a_gap_and_removed(
    environ: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    """The previous secret is valid until the next change, or revoked at once with --only; the list shows no secret."""
    token = tmp_path / "token"
    token.write_text("\ufeffglowtoken1\r\n", "utf-8")
    first = _run(environ, "set", "wechat", PROGRAM, "--token-file", str(token))
    assert (first.exit_code, first.stdout) == (0, ""), first.output
    assert _kept(settings, "wechat") == ["glowtoken1"]
    assert _run(environ, "set", "wechat", PROGRAM, "--token-file", "-", said="glowtoken2").exit_code == 0
    assert _kept(settings, "wechat") == ["glowtoken2", "glowtoken1"]
    made = _run(environ, "set", "wechat", PROGRAM, "--only")
    assert _kept(settings, "wechat") == [made.stdout.strip()]
    listed = _run(environ, "list").stdout
    assert listed.startswith(f"{PROGRAM}  wechat  1 in force, since ")
    assert made.stdout.strip() not in listed
    assert _run(environ, "remove", "wechat", PROGRAM).exit_code == 0
    assert _kept(settings, "wechat") == []
    assert "REMOVED" in _run(environ, "list").stdout
    address = "growth@glow.example"
    assert _run(environ, "set", "digest-email", PROGRAM, "--token-file", "-", said=address).exit_code == 0
    assert _kept(settings, "digest-email") == [address]
    made = _run(environ, "set", "wechat-aes", PROGRAM).stdout.strip()
    assert _kept(settings, "wechat-aes") == [made]
    assert (len(made), made.isalnum()) == (43, True)


def test_invalid_arguments_are_refused_before_anything_is_written(environ: dict[str, str], settings: Settings) -> None:
    """WeChat's own rule for tokens, names that a URL cannot contain, unknown programs, a missing key."""
    keyless = {name: value for name, value in environ.items() if name != "REFERRAL_SIGNING_KEY"}
    for wanted, answer in (
        (
            "a WeChat token must be 3 to 32",
            _run(environ, "set", "wechat", PROGRAM, "--token-file", "-", said="with blanks"),
        ),
        ("an EncodingAESKey must be 43", _run(environ, "set", "wechat-aes", PROGRAM, "--token-file", "-", said="abc")),
        ("8 to 256", _run(environ, "set", "shop", PROGRAM, "--token-file", "-", said="short")),
        (
            "the file of digest-slack must be the URL of the robot, which begins with https://hooks.slack.com/services/",
            _run(environ, "set", "digest-slack", PROGRAM, "--token-file", "-", said="https://evil.example/hooks"),
        ),
        ("put the e-mail address, or the URL of the robot", _run(environ, "set", "digest-email", PROGRAM)),
        ("NAME must be 1 to 64", _run(environ, "set", "Shop!", PROGRAM)),
        ("there is no program prg_none", _run(environ, "set", "shop", "prg_none")),
        ("REFERRAL_SIGNING_KEY", _run(keyless, "set", "shop", PROGRAM)),
        ("has no secret shop", _run(environ, "remove", "shop", PROGRAM)),
    ):
        assert (answer.exit_code, wanted in answer.stderr) == (1, True), answer.output
    assert _kept(settings, "shop") == []
