"""A program that pays on orders, through every service: a refund takes back all that an order led to, whenever it comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.entities import ProgramVersion
from referral.events.ids import conversion_id, referral_id
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, person_id
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event
from tests.support.systems.events_to_rewards import serve_events_to_rewards
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until, wait_until_equal

pytestmark = pytest.mark.integration

FRIEND = "xhs:u1"
BONUS1 = replace(BONUS3, id="bonus1", referrals=1)
CONVERSION = conversion_id(referral_id(PROGRAM, person_id(FRIEND), AMY.id))


def _terms() -> ProgramVersion:
    """Ninety-nine yuan after the follow: a guide and a bonus for the referrer, a code for the friend."""
    asked = program_version(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
    pays = {"rewards": (GUIDE, FIRST20, BONUS1), "boards": (Board(metric="referrals"),)}
    return replace(asked, program=replace(asked.program, **pays))


@dataclass(frozen=True)
class Whole:
    """The public doors of the services."""

    events: ConversionTracker
    rewards: RewardDispatcher
    boards: httpx.Client

    def says(self, kind: str, days_ago: float, number: int, **more: object) -> None:
        """Something the friend did, so many days ago."""
        when = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
        answer = self.events.post(event(FRIEND, kind, number=number, occurred_at=when, **more))
        assert answer.get_json() == {"accepted": 1, "rejected": [], "warnings": []}

    def stands(self) -> dict[str, Any]:
        """What the doors say: since when it pays, rewards by rule and status, the board, the growth figures."""
        person = self.events.person(FRIEND) or {}
        wallets = [*self.rewards.wallet("xhs:amy"), *self.rewards.wallet(FRIEND)]
        board = self.boards.get(f"/v1/programs/{PROGRAM}/boards/referrals?period=all").json()
        insights = self.boards.get(f"/v1/programs/{PROGRAM}/insights").json()
        return {
            "referral": bool(person.get("referral")),
            "pays": bool(person.get("qualified_at")),
            "rewards": {one["rule"]: (one["status"], one["revoked_for"]) for one in wallets},
            "board": [(one["external_id"], one["score"]) for one in board["entries"]],
            "followers": (insights["followers"], insights["referred"], insights["by_channel"]),
        }

    def reward_ids(self) -> set[object]:
        """The ids of all rewards that there are."""
        return {one["id"] for person in ("xhs:amy", FRIEND) for one in self.rewards.wallet(person)}


@pytest.fixture
def whole(settings: Settings, environ: dict[str, str]) -> Iterator[Whole]:
    """Every service but link-issuer, on a log of the test's own."""
    key = api_key("boards", "admin", secret=API_SECRET)
    catalog = (_terms(), AMY, BO, *PROFILES[:2], key, api_key("all", "admin"))
    with serve_events_to_rewards(settings, environ, *catalog) as (events, rewards), run_leaderboard(environ) as boards:
        wait_until(lambda: is_ready(boards))
        yield Whole(events, rewards, boards)


def _comes(whole: Whole, expected: dict[str, Any]) -> None:
    """Waits until the doors say this; fails with what they say instead."""
    wait_until_equal(whole.stands, expected)


FOLLOWS = {"referral": True, "followers": (1, 1, {"wechat": 1})}
GONE = {"referral": False, "followers": (0, 0, {})}
PAID = {"pays": True, "board": [("xhs:amy", 1)]}
UNPAID = {"pays": False, "board": []}


def _rewards(revoked: str | None) -> dict[str, tuple[str, str | None]]:
    """The three rewards as they stand, or taken back for this reason; the bonus falls with its milestone."""
    if revoked is None:
        return dict.fromkeys(("guide", "first20", "bonus1"), ("fulfilled", None))
    lost = ("revoked", "milestone_lost")
    return {"guide": lost, "bonus1": lost, "first20": ("revoked", revoked)}


def test_an_order_pays_and_its_refund_or_an_unfollow_reverses_through_everything(whole: Whole) -> None:
    """Follow, order, refund, another order, unfollow, follow again: attribution, conversion, rewards and board agree each time.

    And all of it is one referral, one conversion, and the same three rewards.
    """
    whole.says("person.followed", 20, 1, code="AMY88", channel="wechat")
    _comes(whole, FOLLOWS | UNPAID | {"rewards": {}})
    whole.says("order.paid", 19, 1, data={"order": "o1", "amount": "98.99", "currency": "CNY"})
    whole.says("order.paid", 18, 2, data={"order": "o2", "amount": "99.00", "currency": "CNY"})
    _comes(whole, FOLLOWS | PAID | {"rewards": _rewards(None)})
    once = whole.reward_ids()

    whole.says("order.refunded", 3, 1, data={"order": "o2"})
    _comes(whole, FOLLOWS | UNPAID | {"rewards": _rewards("refunded")})
    whole.says("order.paid", 2, 3, data={"order": "o3", "amount": 150, "currency": "CNY"})
    _comes(whole, FOLLOWS | PAID | {"rewards": _rewards(None)})

    whole.says("person.unfollowed", 1, 1)
    _comes(whole, GONE | UNPAID | {"rewards": _rewards("unfollowed")})
    whole.says("person.followed", 0.5, 2)
    _comes(whole, FOLLOWS | PAID | {"rewards": _rewards(None)})

    told = [line["type"] for line in whole.events.decoded("conversions")]
    assert told == ["conversion.cleared", "conversion.reversed"] * 2 + ["conversion.cleared"]
    assert {line["id"] for line in whole.events.decoded("conversions")} == {CONVERSION}
    assert whole.reward_ids() == once
