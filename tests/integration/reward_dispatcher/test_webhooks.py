"""Registering webhooks: where they may go, who may see what, and that a removed one is gone."""

from collections.abc import Iterator

import pytest

from referral.config import Settings
from tests.integration.reward_dispatcher.system import System, served

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[System]:
    """The HTTP service alone, as in production: nothing on this machine may be called."""
    with served(settings, {**environ, "REFERRAL_WEBHOOK_LOOPBACK": "false"}) as system:
        yield system


def _register(system: System, url: str, **more: object) -> tuple[int, dict[str, object]]:
    answer = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": url, **more})
    return answer.status_code, answer.json()


def test_a_webhook_lives_from_registration_to_removal(system: System) -> None:
    """Its secret is shown once; a removed one is neither listed nor removed twice."""
    status, made = _register(system, "https://93.184.215.14/hook", events=["reward.redeemed"])
    assert (status, str(made["secret"])[:6]) == (201, "whsec_")
    listed = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
    assert listed == [{name: value for name, value in made.items() if name != "secret"}]
    assert system.client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"] == []
    assert system.client.delete(f"/v1/webhooks/{made['id']}").status_code == 404


REFUSED = (
    "http://93.184.215.14/hook",
    "https://127.0.0.1/hook",
    "https://localhost/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.8]/hook",
    "https://user:secret@93.184.215.14/hook",
)


def test_addresses_that_must_not_be_called_are_refused_at_the_door(system: System) -> None:
    """With the field that is wrong and what would do."""
    for url in REFUSED:
        status, problem = _register(system, url)
        assert (status, problem["code"]) == (422, "bad_webhook_url"), url
        assert problem["errors"][0]["pointer"] == "/url"  # type: ignore[index]


def test_the_same_registration_sent_again_is_one_webhook(system: System) -> None:
    """A client that lost the answer gets it again, with the same secret."""
    body = {"program": "prg_glow", "url": "https://93.184.215.14/hook"}
    first, again = [
        system.client.post("/v1/webhooks", json=body, headers={"Idempotency-Key": "once"}).json() for _ in range(2)
    ]
    assert first == again
    assert len(system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]) == 1
