"""Caps, orders and entitlements through the API, on a real Kafka and Redis."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.reward_rules import Caps, Reward
from referral.redis_client import RedisClient
from tests.support.builders.participants import AMY, PROFILES, day, person_id
from tests.support.builders.reward_dispatcher import (
    friend_conversion,
    friend_order,
    friend_order_refund,
    friend_reversal,
    reward_terms,
)
from tests.support.processes import run_module
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until, wait_until_equal

pytestmark = pytest.mark.integration

CREDIT = Reward(id="credit", to="referrer", on="conversion.cleared", kind="credit", amount=Decimal(5), currency="CNY")
SHARE = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
ACCESS = Reward(id="access", to="referee", on="conversion.cleared", kind="early_access", expires_days=3650)


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[RewardDispatcher]:
    """The service without its delivery worker, under a program with a cap of two referrals a day."""
    terms = reward_terms(CREDIT, SHARE, ACCESS)
    capped = replace(terms, program=replace(terms.program, caps=Caps(per_referrer={"day": 2})))
    with (
        serve_reward_dispatcher(settings, environ, capped, AMY, PROFILES[0]) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "decide"),
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        yield system


def _stopped_rewards(system: RewardDispatcher, **query: object) -> dict[str, object]:
    answer = system.client.get("/v1/programs/prg_glow/rewards/stopped", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _stops(system: RewardDispatcher) -> list[tuple[object, ...]]:
    return [(one["rule"], one["trigger"], one["reason"]) for one in _stopped_rewards(system)["items"]]  # type: ignore[attr-defined]


def _entitlements(system: RewardDispatcher, person: str) -> list[str]:
    answer = system.client.get(f"/v1/programs/prg_glow/people/{person}/entitlements")
    assert answer.status_code == 200, answer.text
    return [one["rule"] for one in answer.json()["items"]]


def _rules(system: RewardDispatcher) -> list[object]:
    return sorted(one["rule"] for one in system.wallet("xhs:amy") if one["status"] == "fulfilled")


@on_both_kinds_of_redis
def test_what_a_cap_stops_is_listed_with_its_reason(system: RewardDispatcher, redis: RedisClient) -> None:
    """The third and fourth of a day, page by page; a reversal takes its stop from the list and frees a place for the next.

    The orders of a capped referral are stopped too. After a flush of Redis the list is the same.
    """
    system.write_conversions(friend_conversion(number, day(1)) for number in (1, 2, 3, 4))
    expected = [("credit", "cnv_3", "cap:day"), ("credit", "cnv_4", "cap:day")]
    wait_until_equal(lambda: sorted(_stops(system)), expected)
    first = _stopped_rewards(system, limit=1)
    [one] = first["items"]  # type: ignore[misc]
    assert (one["external_id"], one["value"]) == ("xhs:amy", {"amount": 500, "unit": "CNY"})
    [other] = _stopped_rewards(system, limit=1, cursor=first["next_cursor"])["items"]  # type: ignore[misc]
    assert {one["trigger"], other["trigger"]} == {"cnv_3", "cnv_4"}
    bad = system.client.get("/v1/programs/prg_glow/rewards/stopped", params={"cursor": "x"})
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")

    orders = [friend_order(3, "o1", "20", day(2)), friend_order(1, "o2", "20", day(2))]
    system.write_conversions([friend_reversal(4, day(1)), *orders])
    wait_until_equal(
        lambda: sorted(_stops(system)), [("credit", "cnv_3", "cap:day"), ("share", "order:cnv_3:o1", "cap:day")]
    )
    wait_until_equal(lambda: _rules(system), ["credit", "credit", "share"])
    before = _stopped_rewards(system)
    empty(redis)
    wait_until_equal(lambda: _stopped_rewards(system), before)

    refund = friend_order_refund(1, "o2", "r1", None, day(3))
    system.write_conversions([friend_reversal(1, day(1)), friend_conversion(5, day(1)), refund])
    wait_until_equal(lambda: _rules(system), ["credit", "credit"])


def test_a_platform_can_query_what_a_person_is_entitled_to(system: RewardDispatcher) -> None:
    """While the referral counts; by the platform's id or the person id; nothing for a person who is unknown."""
    system.write_conversions([friend_conversion(1, day(1))])
    wait_until_equal(lambda: _entitlements(system, "xhs:friend1"), ["access"])
    assert _entitlements(system, person_id("xhs:friend1")) == ["access"]
    assert _entitlements(system, "xhs:amy") == []
    assert _entitlements(system, "xhs:nobody") == []
    system.write_conversions([friend_reversal(1, day(2))])
    wait_until_equal(lambda: _entitlements(system, "xhs:friend1"), [])
    unknown = system.client.get("/v1/programs/prg_none/people/xhs:amy/entitlements")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_program")
    wait_until(lambda: system.client.get("/v1/programs/prg_none/rewards/stopped").status_code == 404)
