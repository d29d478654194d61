"""Every key is rotated over existing data: links, click tokens, guide links, codes, webhooks; and the old key is removed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.key_ring import PURPOSES
from referral.redis_client import RedisClient
from referral.topics import REWARDS
from reward_dispatcher.domain.discount_codes import generate_discount_code
from tests.support.builders.participants import AMY, person_id
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.processes import run_module
from tests.support.redis_servers import empty
from tests.support.settings import SIGNING_KEY, api_key
from tests.support.systems.conversion_tracker import serve_conversion_tracker
from tests.support.systems.link_issuer import PROGRAM, RULES, serve_link_issuer
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import WebhookReceiver, run_receiver

pytestmark = pytest.mark.integration
NEW_KEYS = {purpose: f"the-new-key-for-{purpose}".ljust(40, "x") for purpose in PURPOSES}
NEW_KEYS["pseudonyms"] = SIGNING_KEY  # never another one: it would make each person a new one
ROTATED = {"REFERRAL_KEYS": ",".join(f"{purpose}:2026b:{value}" for purpose, value in NEW_KEYS.items())}
REMOVED = {**ROTATED, "REFERRAL_SIGNING_KEY": ""}


@dataclass(frozen=True)
class Given:
    """What people and the shop have from before the rotation."""

    code: str
    uploaded: str
    guide: str


@contextmanager
def rewards(settings: Settings, environ: Mapping[str, str], receiver: WebhookReceiver) -> Iterator[RewardDispatcher]:
    """The service, the ledger and the worker, with these keys."""
    reader = api_key("reader", "read")
    with ExitStack() as stack:
        system = stack.enter_context(
            serve_reward_dispatcher(
                settings, dict(environ), reward_terms(), AMY, reader, api_key("shop", "read", "rewards:read")
            )
        )
        stack.enter_context(run_module(system.environ, "reward_dispatcher", "fold", "ledger"))
        stack.enter_context(run_module(system.environ, "reward_dispatcher", "fold", "pools"))
        stack.enter_context(run_module(system.environ, "reward_dispatcher", "fold", "deliveries"))
        stack.enter_context(run_module({**environ, "REFERRAL_WORKER": "one"}, "reward_dispatcher", "worker"))
        if not receiver.secret:
            answer = system.client.post("/v1/webhooks", json={"program": "prg_glow", "url": receiver.url})
            receiver.secret, receiver.public_key = answer.json()["secret"], answer.json()["public_key"]
        yield system


def test_codes_guides_and_webhooks_outlive_a_rotation(
    settings: Settings, environ: dict[str, str], redis: RedisClient
) -> None:
    """Also after a refold under the new keys. Once the old key is removed, what needed it is refused."""
    with run_receiver() as receiver:
        with rewards(settings, environ, receiver) as system:
            before = _give(system)
            _is_masked_without_its_scope(system, before)
            wait_until(lambda: receiver.rewards() >= {"rwd_code", "rwd_pool", "rwd_guide"})
        empty(redis)
        with rewards(settings, environ | ROTATED, receiver) as system:
            _is_unchanged(system, before)
            _is_made_with_the_new_keys(system, receiver)
        _no_line_has_a_code(settings, before)
        with rewards(settings, environ | REMOVED, receiver) as system:
            assert _download(system, before.guide) == 410
            assert _download(system, str(_reward(system, "rwd_guide")["download"])) == 200
            wait_until(lambda: _redeem(system, before.uploaded, "order-2") == 201)
    assert receiver.forged == 0


def _give(system: RewardDispatcher) -> Given:
    """A generated code, an uploaded one and a guide."""
    answer = system.client.put("/v1/programs/prg_glow/pools/vip/codes", json={"codes": ["VIP-2026-7KXP"]})
    assert answer.status_code == 200, answer.text
    system.write_rewards(
        [
            grant("rwd_code", beneficiary=person_id("xhs:friend1")),
            grant("rwd_pool", beneficiary=person_id("xhs:friend2"), pool="vip"),
            replace(
                grant("rwd_guide", beneficiary=person_id("xhs:friend3"), pool="skincare-secrets.pdf"), kind="guide"
            ),
        ]
    )
    ids = ("rwd_code", "rwd_pool", "rwd_guide")
    wait_until(lambda: all(_reward(system, id).get("status") in ("fulfilled", "delivered") for id in ids))
    code, uploaded, guide = (_reward(system, id) for id in ids)
    assert code["code"] == generate_discount_code(SIGNING_KEY.encode(), "rwd_code")
    assert uploaded["code"] == "VIP-2026-7KXP"
    return Given(str(code["code"]), str(uploaded["code"]), str(guide["download"]))


def _reward(system: RewardDispatcher, id: str, key: str | None = None) -> dict[str, object]:
    headers = {"Authorization": f"Bearer rk_{key}"} if key else None
    return dict(system.client.get(f"/v1/rewards/{id}", headers=headers).json())


def _download(system: RewardDispatcher, link: str) -> int:
    """The status of a guide link; its path is the same at every address of the service."""
    return system.client.get(urlsplit(link).path).status_code


def _redeem(system: RewardDispatcher, code: str, order: str) -> int:
    """The status of a redemption, which is sent again until the ledger, which has just started, has decided."""
    body = {"code": code, "order_id": order}
    return system.client.post("/v1/redemptions", json=body, headers={"Idempotency-Key": order}).status_code


def _is_masked_without_its_scope(system: RewardDispatcher, before: Given) -> None:
    assert _reward(system, "rwd_code", "reader")["code"] == "••••••" + before.code[-2:]
    assert _reward(system, "rwd_code", "shop")["code"] == before.code
    headers = {"Authorization": "Bearer rk_reader"}
    wallet = system.client.get("/v1/programs/prg_glow/people/xhs:friend2/rewards", headers=headers).json()["items"]
    assert [one["code"] for one in wallet] == ["••••••XP"]


def _is_unchanged(system: RewardDispatcher, before: Given) -> None:
    wait_until(lambda: _reward(system, "rwd_guide").get("download") is not None)
    wait_until(lambda: _reward(system, "rwd_code").get("code") == before.code)
    wait_until(lambda: _reward(system, "rwd_pool").get("code") == before.uploaded)
    assert _download(system, before.guide) == 200
    assert system.client.get(f"/v1/codes/{before.code}").json()["valid"] is True
    wait_until(lambda: _redeem(system, before.code, "order-1") == 201)


def _is_made_with_the_new_keys(system: RewardDispatcher, receiver: WebhookReceiver) -> None:
    """A code of the new key; a guide link with the id of its key; a message that the old secret verifies."""
    system.write_rewards([grant("rwd_new", beneficiary=person_id("xhs:friend4"), code_key="2026b")])
    expected = generate_discount_code(NEW_KEYS["codes"].encode(), "rwd_new")
    wait_until(lambda: _reward(system, "rwd_new").get("code") == expected)
    assert "/g/2026b." in str(_reward(system, "rwd_guide")["download"])
    wait_until(lambda: "rwd_new" in receiver.rewards())


def _no_line_has_a_code(settings: Settings, before: Given) -> None:
    log = b"".join(line for _, line in read_lines(settings, REWARDS))
    assert b"sealed_code" in log
    assert before.code.encode() not in log
    assert before.uploaded.encode() not in log


def test_links_and_click_tokens_outlive_a_rotation(settings: Settings, environ: dict[str, str]) -> None:
    """One link, opened before and after: both clicks are evidence. Once the old key is removed, only the second is."""
    rotated, removed = (Settings.from_env(environ | keys) for keys in (ROTATED, REMOVED))
    with serve_link_issuer(settings) as issuer:
        assert issuer.apply(RULES).status_code == 201
        code = str(issuer.enrol_amy()["code"])
        first = _click(issuer.open(f"/{code}").headers["Location"])
    with serve_link_issuer(rotated) as issuer:
        second = _click(issuer.open(f"/{code}").headers["Location"])
    assert (first.count("."), second.split(".")[0]) == (1, "2026b")
    follow = {"type": "person.followed", "program": PROGRAM, "occurred_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    events = [
        {**follow, "id": f"evt_{person}", "person": f"xhs:{person}", "click": click}
        for person, click in (("bo", first), ("chen", second))
    ]
    admin = api_key("all", "admin")
    with serve_conversion_tracker(rotated, admin) as tracker:
        answer = tracker.post(events).get_json()
        assert (answer["accepted"], _about_clicks(answer)) == (2, [])
    with serve_conversion_tracker(removed, admin) as tracker:
        answer = tracker.post([{**event, "id": f"{event['id']}_2"} for event in events]).get_json()
        [warning] = _about_clicks(answer)
        assert (answer["accepted"], warning["index"], warning["code"]) == (2, 0, "bad_token")
        assert "signed with a key that was removed" in warning["detail"]


def _about_clicks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The warnings about click tokens."""
    return [one for one in answer["warnings"] if one["pointer"] == "/click"]


def _click(location: str) -> str:
    """The click token that a redirect carries."""
    return parse_qs(urlsplit(location).query)["rt"][0]
