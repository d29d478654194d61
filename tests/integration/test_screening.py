"""A program with thresholds, through the running system: what is held and rejected is on the log, what is cleared is rewarded."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickToken
from referral.events.screening import Churn, DeadlineBurst, DisposableHandle, NetworkBurst, Screening, VelocityPerMinute
from referral.events.timestamps import to_ms
from referral.redis_client import RedisClient
from referral.tokens import TokenSigner
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROGRAM, PSEUDONYMS, participant
from tests.support.builders.reward_dispatcher import FIRST20
from tests.support.redis_servers import empty
from tests.support.settings import api_key
from tests.support.systems.conversion_tracker import ConversionTracker, event
from tests.support.systems.events_to_rewards import serve_events_to_rewards
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

CY = participant("cy")
NOW = datetime.now(UTC).replace(microsecond=0)
CLEARED, HELD, REJECTED = "conversion.cleared", "conversion.held", "conversion.rejected"


def _terms() -> ProgramVersion:
    """A code for every friend; closes in half an hour, and looks closely until then."""
    screening = Screening(
        same_device="reject",
        network_burst=NetworkBurst(people=3, minutes=10),
        velocity_per_minute=VelocityPerMinute(limit=3),
        disposable_handle=DisposableHandle(patterns=("shill_*",), action="reject"),
        churn=Churn(follows=3),
        deadline_burst=DeadlineBurst(limit=2, hours=1, action="hold"),
    )
    given = program_version(ends_at=NOW + timedelta(minutes=30))
    return replace(given, program=replace(given.program, screening=screening, rewards=(FIRST20,)))


@dataclass(frozen=True)
class Whole:
    """The public doors: events in, wallets out."""

    events: ConversionTracker
    rewards: RewardDispatcher

    def says(self, person: str, minutes_ago: float, kind: str = "person.followed", **more: object) -> None:
        """What a person did, so many minutes ago."""
        when = (NOW - timedelta(minutes=minutes_ago)).isoformat()
        sent = event(f"xhs:{person}", kind, number=minutes_ago, occurred_at=when, **more)
        assert self.events.post(sent).get_json() == {"accepted": 1, "rejected": [], "warnings": []}

    def verdicts(self) -> dict[str, tuple[str, ...]]:
        """The last that was said of each person: the type and the reasons."""
        lines = self.events.named("conversions")
        return {line["person"].removeprefix("xhs:"): (line["type"], *line.get("reasons", ())) for line in lines}

    def counted(self, group: str) -> Counter[tuple[str, ...]]:
        """How often each verdict was given to people whose names begin alike."""
        return Counter(verdict for person, verdict in self.verdicts().items() if person.startswith(group))


@pytest.fixture
def whole(settings: Settings, environ: dict[str, str]) -> Iterator[Whole]:
    """Conversion-tracker and reward-dispatcher, on a log of the test's own."""
    catalog = (_terms(), replace(AMY, device=PSEUDONYMS.device(PROGRAM, "amys")), BO, CY, api_key("all", "admin"))
    with serve_events_to_rewards(settings, environ, *catalog) as (events, rewards):
        yield Whole(events, rewards)


def test_each_rule_acts_by_its_threshold_and_only_what_is_cleared_is_rewarded(whole: Whole, redis: RedisClient) -> None:
    """Folds meet the people of one referrer in any order; how many pass is the same in each. A wipe changes nothing."""
    for number in range(4):
        whole.says(f"net{number}", 240 + 2 * number, code="AMY88", network="n1")
        whole.says(f"fast{number}", 180 + number / 100, code="BO88")
        whole.says(f"last{number}", 5 + 5 * number, code="CY88")
    clicked = ClickToken(
        id="clk_1", program=PROGRAM, participant=BO.id, code=BO.code, clicked_at_ms=to_ms(NOW) - 1000 * 60_000
    )
    token = TokenSigner(whole.events.settings.key_ring()).sign_click(clicked)
    for number in range(4):
        whole.says(f"click{number}", 700 - 60 * number, click=token)
    for number in range(2):
        whole.says(f"twin{number}", 300 + 60 * number, code="AMY88", device="d1")
    whole.says("amys_own", 500, code="AMY88", device="amys")
    whole.says("shill", 600, code="AMY88", data={"handle": "Shill_7"})
    for step, kind in enumerate(["person.followed", "person.unfollowed"] * 2 + ["person.followed"]):
        whole.says("back", 900 - 10 * step, kind, code="AMY88" if step == 0 else None)

    wait_until(lambda: len(whole.verdicts()) == 21 and whole.verdicts()["back"] == (HELD, "churn"))
    assert whole.counted("net") == {(CLEARED,): 2, (HELD, "network_burst"): 2}
    assert whole.counted("fast") == {(CLEARED,): 3, (HELD, "velocity_per_minute"): 1}
    assert whole.counted("last") == {(CLEARED,): 2, (HELD, "deadline_burst"): 2}
    assert whole.counted("click") == {(CLEARED,): 1, (HELD, "same_click"): 3}
    assert whole.counted("twin") == {(CLEARED,): 1, (REJECTED, "same_device"): 1}
    assert whole.verdicts()["amys_own"] == (REJECTED, "same_device")
    assert whole.verdicts()["shill"] == (REJECTED, "disposable_handle")
    held = whole.events.get(f"/v1/programs/{PROGRAM}/conversions?status=held").get_json()["items"]
    observed = {one["external_id"]: one["reasons"][0]["observed"] for one in held}
    assert observed["xhs:back"].keys() == {"follows", "limit"}
    assert {numbers["limit"] for person, numbers in observed.items() if person.startswith("xhs:net")} == {3}

    passed = {person for person, verdict in whole.verdicts().items() if verdict == (CLEARED,)}
    wait_until(lambda: all(_fulfilled(whole, person) for person in passed))
    others = whole.verdicts().keys() - passed - {"back"}
    assert not any(whole.rewards.wallet(f"xhs:{person}") for person in others)
    wait_until(lambda: [one["status"] for one in whole.rewards.wallet("xhs:back")] == ["revoked"])

    whole.events.wait_until_folded()
    before, said = whole.events.fold_states(), len(whole.events.lines("conversions"))
    empty(redis)
    wait_until(lambda: whole.events.fold_states() == before)
    assert len(whole.events.lines("conversions")) == said


def _fulfilled(whole: Whole, person: str) -> bool:
    return [one["status"] for one in whole.rewards.wallet(f"xhs:{person}")] == ["fulfilled"]
