"""Two people who bring each other, through every service: the newer referral pays nobody, for as long as the older one stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.entities import ProgramVersion
from referral.events.ids import conversion_id, referral_id
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM
from tests.support.builders.reward_dispatcher import FIRST20
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event
from tests.support.systems.events_to_rewards import serve_events_to_rewards
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until, wait_until_equal

pytestmark = pytest.mark.integration


def _terms() -> ProgramVersion:
    """A code for each friend who follows."""
    plain = program_version()
    return replace(plain, program=replace(plain.program, rewards=(FIRST20,), boards=(Board(metric="referrals"),)))


@dataclass(frozen=True)
class Whole:
    """The public doors of the services."""

    events: ConversionTracker
    rewards: RewardDispatcher
    boards: httpx.Client

    def says(self, person: str, number: int, kind: str = "person.followed", **more: object) -> None:
        """Something a person did just now."""
        answer = self.events.post(event(person, kind, number=number, **more))
        assert answer.get_json() == {"accepted": 1, "rejected": [], "warnings": []}

    def stands(self) -> dict[str, Any]:
        """Who leads; who has a code that stands; how many each brought, and by whom they were."""
        board = self.boards.get(f"/v1/programs/{PROGRAM}/boards/referrals?period=all").json()
        people = {person: self.events.person(person) or {} for person in ("xhs:amy", "xhs:bo", "xhs:cy")}
        return {
            "board": [one["external_id"] for one in board["entries"]],
            "codes": [p for p in people if any(one["status"] == "fulfilled" for one in self.rewards.wallet(p))],
            "network": [tuple(one.get("network", {}).values())[:2] for one in people.values()],
            "brought_by": [[above["external_id"] for above in one.get("brought_by", [])] for one in people.values()],
        }


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


def test_what_had_counted_is_taken_back_when_it_turns_out_to_close_a_circle(whole: Whole) -> None:
    """Bo brings Amy and Cy; late it is heard that Amy had brought Bo before; then Bo leaves. Everything follows each time."""
    whole.says("xhs:amy", 1, code="BO88")
    whole.says("xhs:cy", 1, code="BO88")
    _comes(
        whole,
        {
            "board": ["xhs:bo"],
            "codes": ["xhs:amy", "xhs:cy"],
            "network": [(0, 0), (2, 0), (0, 0)],
            "brought_by": [["xhs:bo"], [], ["xhs:bo"]],
        },
    )

    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    whole.says("xhs:bo", 1, code="AMY88", occurred_at=an_hour_ago)
    _comes(
        whole,
        {
            "board": ["xhs:amy", "xhs:bo"],
            "codes": ["xhs:bo", "xhs:cy"],
            "network": [(1, 1), (1, 0), (0, 0)],
            "brought_by": [[], ["xhs:amy"], ["xhs:bo", "xhs:amy"]],
        },
    )
    assert [one["revoked_for"] for one in whole.rewards.wallet("xhs:amy")] == ["ring"]
    conversion = conversion_id(referral_id(PROGRAM, AMY.id, BO.id))
    said = [line for line in whole.events.decoded("conversions") if line["id"] == conversion]
    assert [(line["type"], line.get("reasons")) for line in said[-1:]] == [("conversion.rejected", ["ring"])]
    assert whole.events.person("xhs:amy")["referrer"]["external_id"] == "xhs:bo"
    once = whole.rewards.wallet("xhs:amy")[0]["id"]

    whole.says("xhs:bo", 2, "person.unfollowed")
    _comes(
        whole,
        {
            "board": ["xhs:bo"],
            "codes": ["xhs:amy", "xhs:cy"],
            "network": [(0, 0), (2, 0), (0, 0)],
            "brought_by": [["xhs:bo"], [], ["xhs:bo"]],
        },
    )
    assert [one["id"] for one in whole.rewards.wallet("xhs:amy")] == [once]
