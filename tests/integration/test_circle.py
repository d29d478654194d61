"""Two people who bring each other, through every service: the second referral pays nobody, for as long as the first one stands."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.entities import ApiKey, ProgramVersion
from referral.events.ids import conversion_id, referral_id
from referral.events.program import Board
from referral.http.keys import digest
from tests.integration.conversion_tracker import system as tracker
from tests.integration.leaderboard.test_flow import SECRET, processes
from tests.integration.reward_dispatcher import system as dispatcher
from tests.unit.conversion_tracker.world import AMY, BO, PROGRAM, START, version
from tests.unit.reward_dispatcher.lines import FIRST20

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def _terms() -> ProgramVersion:
    """A code for each friend who follows."""
    plain = version()
    return replace(plain, program=replace(plain.program, rewards=(FIRST20,), boards=(Board(metric="referrals"),)))


@dataclass(frozen=True)
class Whole:
    """The public doors of the services."""

    events: tracker.System
    rewards: dispatcher.System
    boards: httpx.Client

    def says(self, person: str, number: int, kind: str = "person.followed", **more: object) -> None:
        """Something a person did just now."""
        answer = self.events.post(tracker.event(person, kind, number=number, **more))
        assert answer.get_json() == {"accepted": 1, "rejected": []}

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
    key = ApiKey(recorded_at=START, id="key_boards", digest=digest(SECRET), name="boards", scopes=("admin",))
    catalog = (_terms(), AMY, BO, key, tracker.key("all", "admin"))
    with ExitStack() as stack:
        events = stack.enter_context(tracker.served(settings, *catalog))
        rewards = stack.enter_context(dispatcher.served(settings, environ, *catalog))
        for fold in ("attribute", "screen"):
            stack.enter_context(tracker.folding(environ, fold))
        for fold in ("decide", "ledger"):
            stack.enter_context(dispatcher.running(rewards.environ, "fold", fold))
        boards = stack.enter_context(processes(environ))
        tracker.until(lambda: _ready(boards), 60)
        yield Whole(events, rewards, boards)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _comes(whole: Whole, expected: dict[str, Any]) -> None:
    """Waits until the doors say this; fails with what they say instead."""
    last: dict[str, Any] = {}

    def there() -> bool:
        last.update(whole.stands())
        return last == expected

    try:
        tracker.until(there, 45)
    except AssertionError:
        assert last == expected


def test_who_is_brought_by_whom_they_brought_pays_nobody_until_that_is_over(whole: Whole) -> None:
    """Amy brings Bo, Bo brings Cy and Amy; then Bo leaves. Board, rewards and degrees follow each time."""
    whole.says("xhs:bo", 1, code="AMY88")
    whole.says("xhs:cy", 1, code="BO88")
    one_way = {
        "board": ["xhs:amy", "xhs:bo"],
        "codes": ["xhs:bo", "xhs:cy"],
        "network": [(1, 1), (1, 0), (0, 0)],
        "brought_by": [[], ["xhs:amy"], ["xhs:bo", "xhs:amy"]],
    }
    _comes(whole, one_way)

    whole.says("xhs:amy", 1, code="BO88")
    circle = conversion_id(referral_id(PROGRAM, "xhs:amy", BO.id))
    tracker.until(lambda: _last_word(whole, circle) == "conversion.rejected")
    _comes(whole, one_way)
    assert whole.events.person("xhs:amy")["referrer"]["external_id"] == "xhs:bo"

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


def _last_word(whole: Whole, conversion: str) -> str | None:
    said = [line["type"] for line in whole.events.decoded("conversions") if line["id"] == conversion]
    return said[-1] if said else None
