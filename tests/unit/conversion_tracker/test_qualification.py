"""When a referral pays: on the follow, on an order, or after so many days; and how that falls and comes back."""

import random
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.attribution.person import Person
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralQualified, ReferralReversed
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.line import ClockTicked, type_tag
from referral.events.timestamps import to_datetime
from referral_tools.oracle.expected_attribution import expected_referral as oracle
from referral_tools.oracle.journal import Click, Enrolled
from referral_tools.oracle.participant_directory import Directory
from tests.support.builders.conversion_tracker import (
    FRIEND,
    TOKENS,
    catalog,
    follow,
    order_payment,
    order_refund,
    program_version,
    scan,
    tick,
    unfollow,
)
from tests.support.builders.histories import HISTORIES, PROGRAM_VERSIONS
from tests.support.builders.participants import AMY, BO, SELF, day
from tests.support.examples import examples
from tests.support.scenarios.attribution import AttributionRun

ON_ORDER = program_version(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
ON_STAYING = program_version(qualifies_on="person.retained", retained_days=7)


def _run(rules: ProgramVersion, *lines: Fact | ClockTicked) -> AttributionRun:
    return AttributionRun(catalog(rules)).take(lines)


def _said(run: AttributionRun) -> list[str]:
    """Returns the outputs; a reversal with its reason and the stages it undoes."""
    return [
        f"{one.reason}: {', '.join(one.undoes)}"
        if isinstance(one, ReferralReversed)
        else type_tag(one).removeprefix("referral.")
        for one in run.stage_lines
    ]


def _qualified(run: AttributionRun) -> ReferralQualified | None:
    """Returns the qualification that is valid."""
    return next((one for one in run.effective_lines() if isinstance(one, ReferralQualified)), None)


def test_attributed_and_qualified_are_two_moments() -> None:
    """The follow attributes the person; the order qualifies the referral, with the time of the follow it depends on."""
    run = _run(ON_ORDER, follow(1, 2, code="AMY88"))
    assert _said(run) == ["attributed"]
    run.take([order_payment(2, 5, "o1")])
    attributed, qualified = run.effective_lines()
    assert isinstance(attributed, ReferralAttributed)
    assert isinstance(qualified, ReferralQualified)
    assert (attributed.occurred_at, qualified.occurred_at, qualified.followed_at) == (day(2), day(5), day(2))
    assert (attributed.id, attributed.evidence) == (qualified.id, qualified.evidence)


@pytest.mark.parametrize(
    ("order", "qualifies"),
    [
        (order_payment(2, 5, "o1", 99), True),
        (order_payment(2, 5, "o1", 99, "cny"), True),
        (order_payment(2, 2, "o1"), True),
        (order_payment(2, 5, "o1", 98), False),
        (order_payment(2, 5, "o1", 99, "USD"), False),
        (order_payment(2, 1, "o1"), False),
    ],
    ids=["the minimum", "in small letters", "with the follow", "too little", "another currency", "before the follow"],
)
def test_an_order_qualifies_from_the_minimum_in_the_currency_and_after_the_follow(order: Fact, qualifies: bool) -> None:
    """The program sets amount and currency; an order before the referral does not qualify it."""
    assert bool(_qualified(_run(ON_ORDER, follow(1, 2, code="AMY88"), order))) is qualifies


def test_a_refund_reverses_and_another_order_carries_it() -> None:
    """A year later still: the referral stays attributed, and what it paid is taken back until another order carries it."""
    run = _run(ON_ORDER, follow(1, 2, code="AMY88"), order_payment(2, 5, "o1")).take(
        [order_refund(3, 370, "o1")], recorded_on=371
    )
    assert _said(run) == ["attributed", "qualified", "refunded: qualified"]
    assert (run.outputs[2].occurred_at, run.outputs[2].since, run.outputs[2].id) == (
        day(370),
        day(2),
        run.outputs[0].id,
    )
    run.take([order_payment(4, 380, "o2")], recorded_on=380)
    again = _qualified(run)
    assert again is not None
    assert (again.id, again.occurred_at) == (run.outputs[1].id, day(380))


def test_when_the_first_order_falls_the_second_carries_from_its_own_moment() -> None:
    """Two large orders: the first is what counted, the refund moves the qualification to the second."""
    run = _run(ON_ORDER, follow(1, 2, code="AMY88"), order_payment(2, 5, "o1"), order_payment(3, 6, "o2"))
    assert _said(run) == ["attributed", "qualified"]
    run.take([order_refund(4, 9, "o1")])
    assert _said(run)[2:] == ["refunded: qualified", "qualified"]
    assert run.effective_lines()[1].occurred_at == day(6)


def test_a_refund_of_another_order_changes_nothing() -> None:
    """Only the order that a referral rests on can take it down."""
    run = _run(
        ON_ORDER,
        follow(1, 2, code="AMY88"),
        order_payment(2, 5, "o1"),
        order_payment(3, 6, "o2"),
        order_refund(4, 9, "o2"),
    )
    assert _said(run) == ["attributed", "qualified"]


def test_an_unfollow_before_qualification_cancels_and_after_it_reverses() -> None:
    """What never paid has nothing to take back."""
    cancelled = _run(ON_ORDER, follow(1, 2, code="AMY88"), unfollow(2, 3), order_payment(3, 4, "o1"))
    assert _said(cancelled) == ["attributed", "unfollowed: attributed"]
    reversed_ = _run(ON_ORDER, follow(1, 2, code="AMY88"), order_payment(2, 3, "o1"), unfollow(3, 4))
    assert _said(reversed_)[2:] == ["unfollowed: attributed, qualified"]


def test_a_refollow_restores_the_same_referral_with_its_order() -> None:
    """The same ids, so nothing is granted twice; it counts from the day they came back."""
    run = _run(
        ON_ORDER, follow(1, 2, code="AMY88"), order_payment(2, 3, "o1"), unfollow(3, 4), follow(4, 6, code="BO88")
    )
    attributed, qualified = run.effective_lines()
    assert (attributed.id, qualified.id) == (run.outputs[0].id, run.outputs[1].id)
    assert (attributed.occurred_at, qualified.occurred_at) == (day(6), day(6))


def test_who_still_follows_after_seven_days_qualifies_with_the_tick() -> None:
    """The clock decides; the moment that counts is the seventh day, however late the tick."""
    run = _run(ON_STAYING, follow(1, 2, code="AMY88"), tick(8.9))
    assert _said(run) == ["attributed"]
    run.take([tick(9.5), tick(10)])
    qualified = _qualified(run)
    assert qualified is not None
    assert (qualified.occurred_at, qualified.followed_at) == (day(9), day(2))
    assert _said(run) == ["attributed", "qualified"]
    assert run.feed.timers == {}


def test_a_person_who_left_before_the_seventh_day_does_not_qualify_and_starts_again_on_return() -> None:
    """The days count from the current follow: leaving and returning gains no time."""
    run = _run(ON_STAYING, follow(1, 2, code="AMY88"), unfollow(2, 5), tick(9), follow(3, 10), tick(16.9))
    assert _said(run) == ["attributed", "unfollowed: attributed", "attributed"]
    run.take([tick(17)])
    assert _said(run)[3:] == ["qualified"]
    assert run.effective_lines()[0].id == run.outputs[0].id


def test_an_unfollow_that_arrives_late_reverses_what_the_clock_decided() -> None:
    """A tick decides on the events that have arrived; corrections follow."""
    run = _run(ON_STAYING, follow(1, 2, code="AMY88"), tick(9), unfollow(2, 5))
    assert _said(run) == ["attributed", "qualified", "unfollowed: attributed, qualified"]


def test_a_fact_that_changes_nothing_leaves_a_qualification_by_the_clock_alone() -> None:
    """A second follow, a scan: what time has decided does not wait for the next tick."""
    run = _run(ON_STAYING, follow(1, 2, code="AMY88"), tick(9), follow(2, 10), scan(3, 11, "BO88"))
    assert _said(run) == ["attributed", "qualified"]


def test_an_unattributed_follower_has_no_timer() -> None:
    """Unattributed is final: no timer, no qualification."""
    run = _run(ON_STAYING, follow(1, 2), tick(20))
    assert (_said(run), run.feed.timers) == (["unattributed"], {})


def test_a_state_of_before_qualification_was_a_moment_of_its_own_is_read_as_qualified() -> None:
    """States written by the version before this one: no sale, no orders, and no moment of qualification in them."""
    follow_then = [1, "evt_1", "follow", [["code", 1, "evt_1", AMY.id, None, "AMY88", None, None, None]], 1, None]
    said_then = [1, "evt_1", AMY.id, "code", None, None]
    course_then = [[], None, None, None, 0]
    then = [[[follow_then], [1, "evt_0", course_then]], said_then, 0]
    person = msgspec.msgpack.decode(msgspec.msgpack.encode(then), type=Person)
    assert person.published is not None
    assert (person.published.qualified_at, person.history.timeline().orders) == (0, ())


LAST_TICK = tick(30)


def _numbered(lines: list[Fact | ClockTicked]) -> list[Fact | ClockTicked]:
    return [line if isinstance(line, ClockTicked) else replace(line, id=f"evt_{n}") for n, line in enumerate(lines)]


@settings(max_examples=examples(300))
@given(HISTORIES.map(_numbered), PROGRAM_VERSIONS, st.randoms(use_true_random=False))
def test_any_permutation_of_a_persons_history_gives_the_oracles_state_and_the_same_standing_lines(
    lines: list[Fact | ClockTicked], rules: ProgramVersion, chance: random.Random
) -> None:
    """Every kind of evidence, orders, refunds, follows, unfollows, ticks, duplicates, late within the bound; then one more tick.

    The oracle sorts everything and judges once; it shares no line with the service.
    """
    known = catalog(rules)
    facts = [line for line in lines if not isinstance(line, ClockTicked)]
    in_order = AttributionRun(known).take([*sorted(facts, key=lambda fact: (fact.occurred_at, fact.id)), LAST_TICK])
    shuffled = [*lines, *chance.choices(lines, k=len(lines) // 2)]
    chance.shuffle(shuffled)
    at_random = AttributionRun(known).take([*shuffled, LAST_TICK])
    assert at_random.person == in_order.person
    assert at_random.effective_lines() == in_order.effective_lines()
    _is_the_oracles(at_random, facts, rules)


def _is_the_oracles(run: AttributionRun, facts: list[Fact], rules: ProgramVersion) -> None:
    expected = oracle(FRIEND, facts, rules.program.attribution, _directory(facts), LAST_TICK.occurred_at)
    standing = run.effective_lines()
    if expected is None:
        assert standing == []
        return
    qualified = _qualified(run)
    assert standing[0].occurred_at == expected.followed_at
    assert getattr(standing[0], "referrer", None) == (expected.referrer.id if expected.referrer else None)
    assert (qualified.occurred_at if qualified else None) == expected.qualified_at
    assert len(standing) == 1 + bool(qualified)


def _directory(facts: list[Fact]) -> Directory:
    tokens = {fact.click: TOKENS.peek_click(fact.click) for fact in facts if fact.click}
    clicks = {token: Click(read.code, to_datetime(read.clicked_at_ms)) for token, read in tokens.items()}
    return Directory(
        [Enrolled(one.id, one.id, one.code, one.mention, one.recorded_at) for one in (AMY, BO, SELF)], clicks
    )


def test_the_rules_of_the_first_follow_decide_what_qualifies() -> None:
    """A program that begins to pay on orders requires none of people who followed before."""
    known: Catalog = catalog(program_version(1), replace(ON_ORDER, version=2, effective_from=day(5)))
    assert _said(AttributionRun(known).take([follow(1, 2, code="AMY88")])) == ["attributed", "qualified"]
    assert _said(AttributionRun(known).take([follow(1, 6, code="AMY88")])) == ["attributed"]
    assert _said(AttributionRun(known).take([follow(1, 6, code="AMY88"), order_payment(2, 7, "o1")])) == [
        "attributed",
        "qualified",
    ]
