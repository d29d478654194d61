"""Webhook registration: permitted addresses, secrets, removal."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.encryption import DecryptionFailed
from referral.redis_client import RedisClient
from reward_dispatcher.webhook_secrets import newest_secret_pair
from tests.support.redis_servers import matching_keys, on_both_kinds_of_redis
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """The HTTP service alone, as in production: webhooks cannot be sent to this machine."""
    with serve_reward_dispatcher(settings, {**environ, "REFERRAL_WEBHOOK_LOOPBACK": "false"}) as system:
        yield system


def _register(system: RewardDispatcher, url: str, **more: object) -> tuple[int, dict[str, object]]:
    answer = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": url, **more})
    return answer.status_code, answer.json()


def test_a_webhook_is_listed_from_registration_to_removal(system: RewardDispatcher) -> None:
    """Its secret is shown once; after its removal it is not listed, and cannot be removed again."""
    status, made = _register(system, "https://93.184.215.14/hook", events=["reward.redeemed"])
    assert (status, str(made["secret"])[:6]) == (201, "whsec_")
    listed = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
    assert listed == [{name: value for name, value in made.items() if name != "secret"}]
    assert system.client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"] == []
    assert system.client.delete(f"/v1/webhooks/{made['id']}").status_code == 404


def test_the_secret_of_a_webhook_is_sealed_on_the_catalog(system: RewardDispatcher, settings: Settings) -> None:
    """A reader of the log, or of a backup of it, cannot sign messages."""
    _, made = _register(system, "https://93.184.215.14/hook")
    reader = CatalogReader(settings, Catalog())
    reader.read_to_end(20)
    reader.close()
    webhook = reader.view.webhook(str(made["id"]))
    assert webhook is not None
    assert str(made["secret"]).removeprefix("whsec_") not in msgspec.json.encode(webhook).decode()
    pair = newest_secret_pair(settings.key_ring(), webhook)
    assert (pair.secret, pair.public_key) == (made["secret"], made["public_key"])
    other = msgspec.structs.replace(webhook, id="whk_other")
    with pytest.raises(DecryptionFailed):
        newest_secret_pair(settings.key_ring(), other)


REFUSED = (
    "http://93.184.215.14/hook",
    "https://127.0.0.1/hook",
    "https://localhost/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.8]/hook",
    "https://user:secret@93.184.215.14/hook",
    "https://93.184.215.14/hook\r\nX-Injected: 1",
    "https://93.184.215.14/hook#part",
    "https://93.184.215.14:0/hook",
)


def test_forbidden_addresses_are_refused_on_registration(system: RewardDispatcher) -> None:
    """The error points to the field."""
    for url in REFUSED:
        status, problem = _register(system, url)
        assert (status, problem["code"]) == (422, "bad_webhook_url"), url
        assert problem["errors"][0]["pointer"] == "/url"  # type: ignore[index]


def test_a_url_with_other_characters_is_stored_as_it_is_sent(system: RewardDispatcher) -> None:
    """Percent-encoded: the HTTP client of the worker takes ASCII only."""
    status, made = _register(system, "https://93.184.215.14/é?q=收&raw=%D6%D0")
    assert (status, made["url"]) == (201, "https://93.184.215.14/%C3%A9?q=%E6%94%B6&raw=%D6%D0")


@on_both_kinds_of_redis
def test_a_repeated_registration_is_one_webhook(system: RewardDispatcher, redis: RedisClient) -> None:
    """A client that lost the response gets it again, with the same secret, which is stored in the catalog only."""
    body = {"program": "prg_glow", "url": "https://93.184.215.14/hook"}
    answers = [system.client.post("/v1/webhooks", json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    first, again = [answer.json() for answer in answers]
    assert first == again
    assert "Idempotent-Replayed" in answers[1].headers
    assert len(system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]) == 1
    stored = [redis.get(key) or b"" for key in matching_keys(redis, "http:idempotency:*")]
    assert len(stored) == 1
    assert first["id"].encode() in stored[0]
    assert b"whsec_" not in stored[0]


def test_a_repeated_removal_gets_the_first_response(system: RewardDispatcher) -> None:
    """Every write honours an Idempotency-Key: a client that lost the response gets it again, not 404."""
    _, made = _register(system, "https://93.184.215.14/hook")
    once = {"Idempotency-Key": "once"}
    removals = [system.client.delete(f"/v1/webhooks/{made['id']}", headers=once) for _ in range(2)]
    assert [answer.status_code for answer in removals] == [204, 204]


def test_concurrent_changes_of_a_webhook_are_all_applied_or_refused(system: RewardDispatcher) -> None:
    """A rotation does not bring back the former address, and a change of the address not the former secrets."""
    _, made = _register(system, "https://93.184.215.14/hook")
    path = f"/v1/webhooks/{made['id']}"
    changes: list[tuple[str, str, dict[str, object]]] = [
        ("PATCH", path, {"url": "https://93.184.215.14/moved"}),
        ("PATCH", path, {"description": "the new shop"}),
        ("PATCH", path, {"events": ["reward.redeemed"]}),
        ("POST", f"{path}/rotate", {"end_former": True}),
    ]
    for _ in range(5):
        with ThreadPoolExecutor(len(changes)) as pool:
            answers = list(pool.map(lambda one: _change(system, *one), changes))
        [listed] = system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]
        shown = (listed["url"], listed["description"], listed["events"], listed["public_key"])
        assert shown == (
            "https://93.184.215.14/moved",
            "the new shop",
            ["reward.redeemed"],
            answers[-1]["public_key"],
        )
        reset = {"url": "https://93.184.215.14/hook", "description": "", "events": []}
        assert system.client.patch(path, json=reset).status_code == 200


def _change(system: RewardDispatcher, method: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """Returns the response to a change, sent again as long as it is refused for another one."""

    def answered() -> dict[str, object] | None:
        answer = system.client.request(method, path, json=body)
        if answer.status_code == 409:
            assert answer.json()["code"] == "concurrent_change"
            return None
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return wait_until(answered)


def test_a_removed_webhook_is_not_brought_back_by_a_change(system: RewardDispatcher) -> None:
    """Sent at the same time; the change is in effect before the removal, or finds no webhook."""
    for _ in range(5):
        _, made = _register(system, "https://93.184.215.14/hook")
        path = f"/v1/webhooks/{made['id']}"
        with ThreadPoolExecutor(2) as pool:
            changed = pool.submit(system.client.patch, path, json={"description": "late"})
            removed = pool.submit(system.client.delete, path)
        assert (changed.result().status_code in (200, 404), removed.result().status_code) == (True, 204)
        assert system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"] == []


def test_concurrent_registrations_keep_the_limit_of_a_program(system: RewardDispatcher) -> None:
    """Twenty are registered, whoever comes first."""
    url = "https://93.184.215.14/hook"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: _register(system, url)[0], range(30)))
    assert set(statuses) <= {201, 409}
    assert len(system.client.get("/v1/webhooks", params={"program": "prg_glow"}).json()["items"]) == 20
    status, problem = _register(system, url)
    assert (status, problem["code"]) == (409, "too_many_webhooks")


def test_a_webhook_that_another_request_changes_is_not_changed(system: RewardDispatcher, redis: RedisClient) -> None:
    """The response says so, and when to try again; nothing of it is stored for its Idempotency-Key."""
    _, made = _register(system, "https://93.184.215.14/hook")
    redis.set(f"rd:changing:{made['id']}", "another request")
    path, once = f"/v1/webhooks/{made['id']}", {"Idempotency-Key": "once"}
    refused = system.client.patch(path, json={"description": "new"}, headers=once)
    assert (refused.status_code, refused.json()["code"]) == (409, "concurrent_change")
    assert refused.headers["Retry-After"] == "2"
    redis.delete(f"rd:changing:{made['id']}")
    changed = system.client.patch(path, json={"description": "new"}, headers=once)
    assert (changed.status_code, changed.json()["description"]) == (200, "new")
