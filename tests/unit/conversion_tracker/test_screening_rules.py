"""Each screening rule by example: what it catches, what it just lets pass, and what the program does about it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from conversion_tracker.screening.catalogue import Finding
from conversion_tracker.screening.deadlines import next_deadline
from conversion_tracker.screening.referrer_history import referral_sample
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.board_rules import Board
from referral.events.challenges import Challenge
from referral.events.screening import (
    Action,
    Churn,
    DeadlineBurst,
    DisposableHandle,
    NetworkBurst,
    Screening,
    VelocityPerMinute,
)
from referral.events.timestamps import to_ms
from tests.support.builders.participants import AMY, START, day
from tests.support.builders.screening import (
    RULES_BY_NAME,
    click_evidence,
    findings,
    referral,
    referrer_after,
    small_program,
)

DAY, HOUR, MINUTE = 86_400, 3600, 60
ZONE = "Asia/Shanghai"
ONE = referral("xhs:one", 0, device="d1", network="n1")


def _row(many: int, first: float = 0, apart: float = 1, **more: Any) -> list[Any]:
    return [referral(f"xhs:p{first}_{number}", first + number * apart, **more) for number in range(many)]


BY_CLICK = {"evidence": click_evidence("clk_1")}
HITS: dict[str, tuple[Any, Any, Any]] = {  # a case, how the program sets the rule by an action, and what came before
    "similar_id": (referral("xhs:other", look_alike=AMY.look_alike), lambda action: action, []),
    "same_device": (referral("xhs:two", 9, device="d1"), lambda action: action, [ONE]),
    "same_click": (
        referral("xhs:z", 9, **BY_CLICK),
        lambda action: action,
        [referral("xhs:a", **BY_CLICK), referral("xhs:b", 1, **BY_CLICK)],
    ),
    "network_burst": (
        referral("xhs:z", 60, network="n1"),
        lambda action: NetworkBurst(people=3, minutes=2, action=action),
        _row(2, network="n1"),
    ),
    "velocity_per_minute": (referral("xhs:z", 30), lambda action: VelocityPerMinute(limit=5, action=action), _row(5)),
    "disposable_handle": (
        referral("xhs:z", handle_matches=(0, 3)),
        lambda action: DisposableHandle(action=action),
        [],
    ),
    "churn": (referral("xhs:z", spells=3), lambda action: Churn(follows=3, action=action), []),
    "deadline_burst": (
        referral("xhs:z", 2 * HOUR),
        lambda action: DeadlineBurst(limit=3, hours=4, action=action),
        _row(3, HOUR),
    ),
}
OBSERVED = {
    "similar_id": {},
    "same_device": {"people": 1},
    "same_click": {"people": 2},
    "network_burst": {"people": 3, "minutes": 2, "limit": 3},
    "velocity_per_minute": {"referrals": 6, "limit": 5},
    "disposable_handle": {"pattern": 0},
    "churn": {"follows": 3, "limit": 3},
    "deadline_burst": {"referrals": 4, "hours": 4, "usual": 0.0, "limit": 3},
}
ENDS_SOON = {"program": small_program(ends_at=day(0.125)), "timezone": ZONE}


@pytest.mark.parametrize(("action", "outcome"), [("reject", "rejected"), ("hold", "held"), ("ignore", None)])
@pytest.mark.parametrize("name", HITS)
def test_what_a_rule_catches_meets_what_the_program_chose(name: str, action: Action, outcome: Any) -> None:
    """Rejected, held or let pass, with the rule's name as the reason and the numbers that it saw."""
    line, setting, before = HITS[name]
    found = findings(name, line, Screening(**{name: setting(action)}), before, **ENDS_SOON)
    assert found == ((Finding(outcome, name, OBSERVED[name]),) if outcome else ())  # type: ignore[arg-type]


def test_every_rule_is_shown_at_work() -> None:
    """A rule without a hit here is one that nobody has seen act."""
    elsewhere = {"self_referral", "ring", "ban"}  # in test_screening and test_review
    assert set(HITS) == set(OBSERVED) == set(RULES_BY_NAME) - elsewhere, "give each rule a row in HITS and in OBSERVED"


def test_the_referrers_own_device_is_the_same_device_too() -> None:
    """Where it was given when they were enrolled; it counts as one more person."""
    assert findings("same_device", ONE, Screening(), referrer_device="d1") == (
        Finding("held", "same_device", {"people": 1}),
    )
    both = findings("same_device", referral("xhs:two", 9, device="d1"), Screening(), [ONE], referrer_device="d1")
    assert both[0].observed == {"people": 2}
    assert not findings("same_device", ONE, Screening(), referrer_device="d2")


@pytest.mark.parametrize("device", [None, "", "d2"])
def test_another_device_and_none_are_nobodys_double(device: str | None) -> None:
    """Two people who told no device are not the same; and who comes back under their own device is not their own double."""
    nameless = referral("xhs:nobody", 1, device="" if device == "" else None)
    assert not findings("same_device", referral("xhs:two", 9, device=device), Screening(), [ONE, nameless])
    assert not findings("same_device", referral(ONE.person, 9, device="d1"), Screening(), [ONE])


def test_a_click_of_ones_own_or_the_same_code_is_not_the_same_click() -> None:
    """Another click of the same link, the same person again, and people who gave a code are let pass."""
    first = referral("xhs:a", **BY_CLICK)
    assert not findings("same_click", referral("xhs:z", 9, evidence=click_evidence("clk_2")), Screening(), [first])
    assert not findings("same_click", referral("xhs:a", 9, **BY_CLICK), Screening(), [first])
    assert not findings("same_click", referral("xhs:z", 9), Screening(), [first, referral("xhs:b", 1)])
    assert not findings("same_click", referral("xhs:z", 9, **BY_CLICK), Screening(), [])


def test_one_click_is_found_among_those_of_a_history_from_before() -> None:
    """A history without the column of clicks, as stored before, gets one."""
    old = referrer_after([referral("xhs:a"), referral("xhs:b", 1)])
    assert old.clicks == b""
    new = old.with_sample(referral_sample(referral("xhs:c", 2, **BY_CLICK)))
    assert len(new.clicks) == len(new.people)
    assert findings("same_click", referral("xhs:z", 9, **BY_CLICK), Screening(), new)[0].observed == {"people": 1}


def test_an_ordinary_burst_of_a_partner_is_cleared_by_default() -> None:
    """30 referrals within a minute, from several networks and devices, in a program without a `screening` section."""
    before: list[Any] = []
    for number in range(30):
        more = {"device": f"d{number}", "network": f"n{number % 5}", "look_alike": f"lka_{number}"}
        line = referral(
            f"xhs:{number}", number, referrer_kind="partner", evidence=click_evidence(f"clk_{number}"), **more
        )
        for name in RULES_BY_NAME:
            assert not findings(name, line, Screening(), before, **ENDS_SOON), name
        before.append(line)


@pytest.mark.parametrize(
    ("line", "before"),
    [
        (referral("xhs:z", 120, network="n1"), _row(2, 0, 30, network="n1")),  # the first is two whole minutes away
        (referral("xhs:z", 1, network="n2"), _row(2, network="n1")),
        (referral("xhs:z", 1), _row(2)),
        (referral("xhs:z", 1, network="n1"), _row(1, network="n1")),
    ],
)
def test_a_crowd_is_no_burst_by_another_network_or_over_a_longer_time(line: Any, before: Any) -> None:
    """One too few, one too late, from elsewhere, or from a network that nobody told."""
    assert not findings("network_burst", line, Screening(network_burst=NetworkBurst(people=3, minutes=2)), before)


def test_as_many_as_the_limit_in_a_minute_are_let_pass() -> None:
    """More than the limit is too fast; and the sixth comes when the first is a minute old."""
    screening = Screening(velocity_per_minute=VelocityPerMinute(limit=5))
    assert not findings("velocity_per_minute", referral("xhs:z", 30), screening, _row(4))
    assert not findings("velocity_per_minute", referral("xhs:z", 60), screening, _row(5))
    assert findings("velocity_per_minute", referral("xhs:z", 59.999), screening, _row(5))


def test_what_arrives_late_in_the_midst_of_a_burst_belongs_to_it() -> None:
    """The minute may lie around it, not only before it."""
    screening = Screening(velocity_per_minute=VelocityPerMinute(limit=4))
    assert findings("velocity_per_minute", referral("xhs:late", 30), screening, _row(2, 1) + _row(2, 58))
    assert max_in_window([0, 10, 20, 59_999, 60_000, 61_000], 30_000, 60_000) == 5


def test_a_program_may_leave_out_the_names_that_are_built_in() -> None:
    """Where the platform gives such names to everybody, only its own list counts."""
    own = Screening(disposable_handle=DisposableHandle(built_in=False, patterns=("shill_*",), action="hold"))
    assert not findings("disposable_handle", referral("xhs:z", handle_matches=(0,)), own)
    assert findings("disposable_handle", referral("xhs:z", handle_matches=(0, 1)), own)


def test_a_name_that_matches_no_pattern_is_let_pass() -> None:
    """Nor does the number of a pattern that the rules do not have count: the log is older than they are."""
    rules = Screening(disposable_handle=DisposableHandle(patterns=("shill_*",), action="hold"))
    assert not findings("disposable_handle", referral("xhs:z"), rules)
    assert not findings("disposable_handle", referral("xhs:z", handle_matches=(2,)), rules)


def test_who_comes_back_once_more_than_allowed_is_churn() -> None:
    """By default the fifth time."""
    assert not findings("churn", referral("xhs:z", spells=4), Screening())
    assert findings("churn", referral("xhs:z", spells=5), Screening())


def test_a_referrer_whose_people_have_left_again_is_churn() -> None:
    """Of at least so many, the share that left; who is judged now does not count, and who came back has not left."""
    screening = Screening(churn=Churn(left_percent=50, people=4))
    some = referrer_after(_row(4)).with_unfollow("xhs:p0_0")
    half = some.with_unfollow("xhs:p0_1")
    line = referral("xhs:z", 99)
    assert not findings("churn", line, screening, some)
    assert findings("churn", line, screening, half)
    assert not findings("churn", line, screening, half.with_sample(referral_sample(referral("xhs:p0_1", 50))))
    assert not findings("churn", referral("xhs:p0_2", 99), screening, half)


def test_a_burst_before_a_deadline_is_more_than_the_limit_and_than_usual() -> None:
    """Ten a day are a usual pace: five times that in four hours are eight; and what came before those hours is no burst."""
    screening = Screening(deadline_burst=DeadlineBurst(limit=3, hours=4, times=5, action="hold"))
    ends = {"program": small_program(ends_at=day(8)), "timezone": ZONE}
    week = [one for day in range(7) for one in _row(10, day * DAY + HOUR, MINUTE)]
    last = 8 * DAY - 4 * HOUR
    line = referral("xhs:z", last + HOUR)
    assert not findings("deadline_burst", line, screening, week + _row(7, last), **ends)
    assert findings("deadline_burst", line, screening, week + _row(8, last), **ends)
    assert findings("deadline_burst", line, screening, _row(3, last), **ends)
    assert not findings("deadline_burst", line, screening, _row(2, last) + _row(9, last - HOUR), **ends)
    assert not findings("deadline_burst", referral("xhs:z", 8 * DAY), screening, _row(9, last), **ends)


def test_a_program_that_is_not_known_holds() -> None:
    """The rule crashes, and money waits."""
    screening = Screening(deadline_burst=DeadlineBurst(limit=1, action="reject"))
    assert findings("deadline_burst", ONE, screening, _row(2)) == (Finding("held", "rule_failed"),)


def test_deadlines_are_the_programs_end_a_boards_month_and_a_challenges_end() -> None:
    """Midnight in the program's zone; the nearest that is still ahead; none where there is none."""
    moment = to_ms(START)
    glow = Challenge(id="c", hashtag="#g", starts=date(2026, 11, 1), days=3)
    month = Board(metric="referrals", periods=("month",))
    shanghai = {"month": datetime(2026, 11, 30, 16, tzinfo=UTC), "challenge": datetime(2026, 11, 3, 16, tzinfo=UTC)}
    assert next_deadline(small_program(), ZONE, moment) is None
    assert next_deadline(small_program(boards=(month,)), ZONE, moment) == to_ms(shanghai["month"])
    assert next_deadline(small_program(boards=(month,), challenges=(glow,)), ZONE, moment) == to_ms(
        shanghai["challenge"]
    )
    assert next_deadline(small_program(challenges=(glow,), ends_at=day(1)), ZONE, moment) == to_ms(day(1))
    assert next_deadline(small_program(challenges=(glow,), ends_at=day(1)), ZONE, to_ms(day(1))) == to_ms(
        shanghai["challenge"]
    )
    assert next_deadline(small_program(boards=(Board(metric="referrals", periods=("day",)),)), ZONE, moment) is None


def test_an_own_pattern_is_named_by_its_number_and_a_referrers_churn_by_its_share() -> None:
    """So that a reviewer finds the entry of the program file, and sees how many have left."""
    own = Screening(disposable_handle=DisposableHandle(built_in=False, patterns=("a*", "shill_*"), action="hold"))
    (found,) = findings("disposable_handle", referral("xhs:z", handle_matches=(2,)), own)
    assert found.observed == {"pattern": 2}
    gone = referrer_after(_row(4)).with_unfollow("xhs:p0_0").with_unfollow("xhs:p0_1")
    churn = Screening(churn=Churn(left_percent=50, people=4, action="hold"))
    (found,) = findings("churn", referral("xhs:z", 9), churn, gone)
    assert found.observed == {"people": 4, "left": 2, "limit_percent": 50}
