"""What holds of the screening rules whatever comes in whatever order."""

from array import array
from functools import reduce
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion_tracker.screening.catalogue import RULES, Finding, screen
from conversion_tracker.screening.referrer_history import (
    EMPTY_HISTORY,
    MAX_DAYS,
    MAX_RECENT,
    ReferralSample,
    ReferrerHistory,
)
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from conversion_tracker.screening.sliding_window import max_in_window
from referral.events.attributions import ReferralQualified
from referral.events.screening import Churn, DeadlineBurst, DisposableHandle, NetworkBurst, Screening, VelocityPerMinute
from referral.events.timestamps import DAY_MS, to_ms
from tests.support.builders.participants import AMY, day
from tests.support.builders.screening import (
    RULES_BY_NAME,
    click_evidence,
    filter_unflagged,
    referral,
    referrer_after,
    small_program,
)

MINUTE_MS = 60_000
ENDED = small_program(ends_at=day(601 / 86_400))
FIVE = Screening(velocity_per_minute=VelocityPerMinute(limit=5))
THREE = Screening(network_burst=NetworkBurst(people=3, minutes=2))
LAST_HOURS = Screening(deadline_burst=DeadlineBurst(limit=4, hours=2, times=2, action="hold"))
STRICT = Screening(
    same_device="reject",
    same_click="reject",
    network_burst=NetworkBurst(people=2, action="reject"),
    velocity_per_minute=VelocityPerMinute(limit=1, action="reject"),
    disposable_handle=DisposableHandle(patterns=("[", "*x*", "[!a]"), action="reject"),
    churn=Churn(follows=2, left_percent=1, people=2, action="reject"),
    deadline_burst=DeadlineBurst(limit=1, action="reject"),
)

_rows = st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["d1", "d2", None])), max_size=40).map(
    lambda drawn: [
        referral(f"xhs:p{number}", seconds, device=device, network=device)
        for number, (seconds, device) in enumerate(drawn)
    ]
)
_arrivals = _rows.flatmap(st.permutations)
_odd_moments = st.integers(-62_135_596_800_000, 253_402_300_799_000)
_odd_texts = st.none() | st.text(max_size=8) | st.sampled_from(["\ud800", "[", "x" * 64, "d1"])
_odd_brought = st.builds(ReferralSample, _odd_moments, st.text(max_size=3), _odd_texts, _odd_texts)
_odd_days = st.lists(st.tuples(st.integers(), st.integers()), max_size=3).map(tuple)


@st.composite
def _odd_referrers(draw: st.DrawFn) -> ReferrerHistory:
    """Whatever may have been remembered, some of whom have left."""
    brought = draw(st.lists(_odd_brought, max_size=5))
    referrer = reduce(ReferrerHistory.with_sample, brought, ReferrerHistory(days=draw(_odd_days)))
    gone = draw(st.sets(st.sampled_from([one.person for one in brought]))) if brought else set()
    return reduce(ReferrerHistory.with_unfollow, gone, referrer)


def _moments(lines: list[ReferralQualified]) -> list[int]:
    return [to_ms(line.occurred_at) for line in lines]


@given(_arrivals)
def test_no_minute_has_more_cleared_than_the_limit_whatever_the_order(lines: list[ReferralQualified]) -> None:
    """Late arrivals cannot smuggle anybody past the limit; and what stays within it is all let pass."""
    passed = filter_unflagged("velocity_per_minute", lines, FIVE)
    assert all(max_in_window(_moments(passed), moment, MINUTE_MS) - 1 <= 5 for moment in _moments(passed))
    everybody = _moments(lines)
    if all(max_in_window(everybody, moment, MINUTE_MS) - 1 <= 5 for moment in everybody):
        assert passed == lines


@given(_arrivals)
def test_no_stretch_has_as_many_cleared_from_one_network_as_make_a_burst(lines: list[ReferralQualified]) -> None:
    """Two of three within two minutes, whoever comes first."""
    passed = filter_unflagged("network_burst", lines, THREE)
    for network in ("d1", "d2"):
        moments = _moments([line for line in passed if line.network == network])
        assert all(max_in_window(moments, moment, 2 * MINUTE_MS) - 1 < 3 for moment in moments)
    assert [line for line in lines if line.network is None] == [line for line in passed if line.network is None]


@given(_arrivals)
def test_of_one_device_the_first_to_arrive_is_cleared_and_nobody_else(lines: list[ReferralQualified]) -> None:
    """As many are cleared in any order: one a device, and all who told none."""
    passed = filter_unflagged("same_device", lines, Screening())
    first = {line.device: line for line in reversed(lines) if line.device}
    assert passed == [line for line in lines if line.device is None or first[line.device] is line]


@given(st.lists(st.sampled_from(["clk_1", "clk_2", None]), max_size=200), st.randoms())
def test_of_one_click_the_first_to_arrive_is_cleared_and_no_one_else(clicks: list[str | None], order: Random) -> None:
    """However many bring one click token, in whatever order, also beyond the memory of a referrer."""
    lines = [
        referral(f"xhs:p{number}", number, **({"evidence": click_evidence(click)} if click else {}))
        for number, click in enumerate(clicks)
    ]
    recent = lines[:MAX_RECENT]
    order.shuffle(recent)
    passed = filter_unflagged("same_click", recent, Screening())
    first = {line.evidence.event: line for line in reversed(recent) if line.evidence.kind == "click"}
    assert passed == [line for line in recent if line.evidence.kind != "click" or first[line.evidence.event] is line]


@given(_arrivals)
def test_a_deadline_clears_no_more_than_the_limit_and_the_usual(lines: list[ReferralQualified]) -> None:
    """All are new within the last hours: nothing is usual yet, so the limit is all."""
    ends = {"program": small_program(ends_at=day(301 / 86_400)), "timezone": "Asia/Shanghai"}
    assert len(filter_unflagged("deadline_burst", lines, LAST_HOURS, **ends)) == min(len(lines), 4)


@given(_rows, st.data())
def test_the_memory_of_a_referrer_is_the_same_in_whatever_order(
    lines: list[ReferralQualified], data: st.DataObject
) -> None:
    """What came is known, not when it arrived; sorted, each person once, and the same after a journey through Redis."""
    orders = lines, data.draw(st.permutations(lines))
    one, other = (_after(order) for order in orders)
    assert one == other
    assert list(_rows_of(one)) == sorted(_rows_of(one))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=ReferrerHistory) == one


def _rows_of(referrer: ReferrerHistory) -> list[tuple[int, int]]:
    """(moment, person's hash) of all who are remembered; every column has as many rows."""
    assert len(referrer.moments) == len(referrer.people) == 4 * referrer.size
    for column in (referrer.devices, referrer.networks, referrer.clicks):
        assert len(column) in (0, 4 * referrer.size)
    assert len(referrer.unfollowed) in (0, referrer.size)
    return list(zip(array("I", referrer.moments), array("I", referrer.people), strict=True))


def _after(lines: list[ReferralQualified]) -> ReferrerHistory:
    referrer = EMPTY_HISTORY
    for line in lines:
        referrer = referrer.with_sample(ReferralSample(to_ms(line.occurred_at), line.person))
    return referrer


@given(st.lists(st.tuples(*[st.none() | st.sampled_from(["a", "b"])] * 3), max_size=MAX_RECENT + 20))
def test_the_memory_is_the_same_whether_each_referee_is_the_newest_or_the_oldest(
    facts: list[tuple[str | None, str | None, str | None]],
) -> None:
    """A row is inserted into every column at its place; a column is empty while it would contain zeros only."""
    samples = [ReferralSample(number * MINUTE_MS, f"xhs:{number}", *of_one) for number, of_one in enumerate(facts)]
    newest_last = reduce(ReferrerHistory.with_sample, samples, EMPTY_HISTORY)
    assert newest_last == reduce(ReferrerHistory.with_sample, reversed(samples), EMPTY_HISTORY)
    assert newest_last.count_on_device("a", "xhs:other") == sum(one[0] == "a" for one in facts[-MAX_RECENT:])
    assert newest_last.count_by_click("b", "xhs:other") == sum(one[2] == "b" for one in facts[-MAX_RECENT:])


@given(st.lists(st.tuples(st.integers(0, 10**11), st.integers(0, 200)), max_size=300))
def test_the_memory_of_a_referrer_is_bounded_and_keeps_the_newest(drawn: list[tuple[int, int]]) -> None:
    """However many come, and however often they come back."""
    referrer = EMPTY_HISTORY
    for moment, person in drawn:
        referrer = referrer.with_sample(ReferralSample(moment, f"xhs:{person}"))
    assert referrer.size <= MAX_RECENT
    assert len(referrer.days) <= MAX_DAYS
    assert len({person for _, person in _rows_of(referrer)}) == referrer.size
    if drawn and len({person for _, person in drawn}) == len(drawn):
        assert [second for second, _ in _rows_of(referrer)] == sorted(at // 1000 for at, _ in drawn)[-MAX_RECENT:]


def _check_observations(found: tuple[Finding, ...]) -> None:
    """Only numbers that the rule describes."""
    for one in found:
        rule = RULES_BY_NAME.get(one.reason)
        assert one.observed.keys() <= (rule.observes.keys() if rule else set())
        assert all(isinstance(number, int | float) for number in one.observed.values())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(["d1", "d2"]), st.booleans()), min_size=1, max_size=MAX_RECENT
    ),
    st.integers(0, 600),
    st.integers(1, 40),
)
def test_what_a_rule_observed_is_counted_in_the_history_and_beyond_its_limit(
    drawn: list[tuple[int, str, bool]], seconds: int, spells: int
) -> None:
    """Each number is that of a plain count over the referrals, and reaches the threshold shown beside it."""
    lines = [referral(f"xhs:p{n}", at, device=of, network=of) for n, (at, of, _) in enumerate(drawn)]
    history = referrer_after(lines)
    for number, (_, _, left) in enumerate(drawn):
        history = history.with_unfollow(f"xhs:p{number}") if left else history
    line = referral("xhs:z", seconds, device="d1", network="d1", spells=spells)
    found = screen(ScreeningCase(line, AMY, history, "d1", ENDED, "UTC"), STRICT)
    _check_observations(found)
    raw = msgspec.msgpack.encode(found)
    assert len(raw) <= 60 * len(found) + 1  # the state stays small
    assert msgspec.msgpack.decode(raw, type=tuple[Finding, ...]) == found
    observed = {one.reason: one.observed for one in found}
    same = [at for at, of, _ in drawn if of == "d1"]
    span = STRICT.network_burst.minutes * 60
    windows = [[at for at in (*same, seconds) if 0 <= at - first < span] for first in (*same, seconds)]
    if seen := observed.get("same_device"):
        assert seen["people"] == len(same) + 1
    if seen := observed.get("network_burst"):
        assert seen["people"] == max(len(window) for window in windows if seconds in window)
        assert seen["people"] >= seen["limit"] == STRICT.network_burst.people
    if seen := observed.get("velocity_per_minute"):
        assert seen["referrals"] > seen["limit"] == STRICT.velocity_per_minute.limit
    if seen := observed.get("churn"):
        if "follows" in seen:
            assert seen["follows"] == spells >= seen["limit"]
        else:
            assert (seen["people"], seen["left"]) == (len(drawn), sum(left for _, _, left in drawn))
            assert seen["left"] * 100 >= seen["limit_percent"] * seen["people"]
    if seen := observed.get("deadline_burst"):
        assert seen["referrals"] > seen["limit"]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@given(
    moment=_odd_moments,
    known=_odd_referrers(),
    seen=st.tuples(_odd_texts, _odd_texts, st.lists(st.integers(), max_size=5).map(tuple)),
    spells=st.integers(),
    zone=st.sampled_from([None, "", "Nowhere/None", "UTC", "../x"]),
    more=st.sampled_from([None, small_program(), small_program(ends_at=day(1))]),
)
def test_a_rule_never_lets_pass_what_it_could_not_judge(rule: ScreeningRule, **odd: Any) -> None:
    """Odd input is found, let pass by decision, or held because the rule failed; it never escapes as an exception."""
    device, network, matches = odd["seen"]
    line = referral("xhs:z", 0, device=device, network=network, handle_matches=matches, spells=odd["spells"])
    line = msgspec.structs.replace(line, occurred_at=day((odd["moment"] - to_ms(day(0))) / DAY_MS))
    case = ScreeningCase(line, AMY, odd["known"], device, odd["more"], odd["zone"])
    try:
        observed = rule.evaluate(case, STRICT)
        expected = () if observed is None else (Finding("rejected", rule.name, observed),)
    except Exception:  # noqa: BLE001 - whatever it is that fails
        expected = (Finding("held", "rule_failed"),)
    found = screen(case, STRICT, [rule])
    assert found == expected
    _check_observations(found)


@given(st.lists(st.integers(0, 200_000), max_size=40), st.integers(0, 200_000))
def test_a_window_of_whole_seconds_differs_from_one_of_milliseconds_by_less_than_a_second(
    moments: list[int], at: int
) -> None:
    """It never finds more, and at least what a window that is a second shorter would find."""
    found = max_in_window([moment // 1000 for moment in moments], at // 1000, 60)
    assert max_in_window(moments, at, MINUTE_MS - 1000 + 1) <= found <= max_in_window(moments, at, MINUTE_MS)
