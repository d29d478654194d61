"""Bans in the attribute fold: the person's own referral is reversed and restored, and the screen fold is notified."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from referral.bans import ban_board
from referral.events.attributions import (
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.facts import BanDecision, Fact
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import SortedSetMember
from tests.support.builders.conversion_tracker import (
    FRIEND,
    NOTE,
    ban,
    catalog,
    follow,
    order_payment,
    order_refund,
    program_version,
    tick,
    unban,
    unfollow,
)
from tests.support.builders.participants import AMY, PROGRAM, day
from tests.support.scenarios.attribution import AttributionRun

ON_ORDERS = program_version(qualifies_on="order.paid", min_amount=50, currency="CNY")
ON_STAYING = program_version(qualifies_on="person.retained", retained_days=7)
STEPS = st.lists(st.sampled_from(["follow", "unfollow", "paid", "refunded", "tick", "ban", "unban"]), max_size=10)


def _lines(steps: Sequence[str]) -> list[Fact | BanDecision | ClockTicked]:
    made = {
        "follow": lambda number: follow(number, number, code="AMY88"),
        "unfollow": lambda number: unfollow(number, number),
        "paid": lambda number: order_payment(number, number, f"o{number}"),
        "refunded": lambda number: order_refund(number, number, f"o{number - 1}"),
        "tick": lambda number: tick(number * 4),
        "ban": ban,
        "unban": unban,
    }
    return [made[step](number) for number, step in enumerate(steps, 1)]  # type: ignore[no-untyped-call]


def test_a_ban_reverses_the_persons_own_referral_and_lifting_it_restores_the_same() -> None:
    """The reversal has the time and reason of the ban, and the person becomes an unattributed follower."""
    run = AttributionRun().take([follow(1, 2, code="AMY88")])
    before = run.effective_lines()
    run.take([ban(5)])
    (fell,) = [line for line in run.outputs if isinstance(line, ReferralReversed)]
    assert (fell.reason, fell.occurred_at, fell.undoes) == ("banned", day(5), ("attributed", "qualified"))
    (left,) = run.effective_lines()
    assert isinstance(left, ReferralUnattributed)
    assert (left.reason, left.occurred_at) == ("banned", day(2))
    assert run.take([unban(6)]).effective_lines() == before


def test_a_ban_is_forwarded_listed_and_published_once() -> None:
    """Their referrals are keyed by their person id, whether they have enrolled or not."""
    run = AttributionRun().take([ban(5), ban(6)])
    (told,) = run.outputs
    assert isinstance(told, ReferrerBanned)
    assert (told.referrer, told.by, told.note) == (FRIEND, "lin", NOTE)
    assert run.feed.scores == {SortedSetMember(ban_board(PROGRAM), FRIEND): to_ms(day(5))}
    run.take([unban(7), unban(8)])
    assert [type(line) for line in run.outputs] == [ReferrerBanned, ReferrerUnbanned]
    assert run.feed.scores == {}


def test_a_ban_in_an_unknown_program_has_no_output() -> None:
    """It is skipped."""
    line = ban(5)
    assert AttributionRun(catalog()).take([type(line)(**{**_fields(line), "program": "prg_none"})]).outputs == []


def _fields(line: BanDecision) -> dict[str, object]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


def test_a_retention_period_that_ended_during_a_ban_counts() -> None:
    """Lifting a ban restores at once what would be valid without it; no tick is needed."""
    run = AttributionRun(catalog(ON_STAYING)).take([follow(1, 2, code="AMY88"), ban(3), tick(10), unban(11)])
    kinds = [type(line) for line in run.effective_lines()]
    assert kinds == [ReferralAttributed, ReferralQualified]
    assert run.effective_lines()[1].occurred_at == day(9)
    assert {line.referrer for line in run.effective_lines() if not isinstance(line, ReferralUnattributed)} == {AMY.id}


@given(steps=STEPS, terms=st.sampled_from([program_version(), ON_ORDERS, ON_STAYING]))
@settings(deadline=None)
def test_a_ban_leaves_the_person_unattributed_and_lifting_it_restores_the_verdict(
    steps: list[str], terms: object
) -> None:
    """Whatever happens before, during and after a ban."""
    lines = _lines(steps)
    banned = next((step == "ban" for step in reversed(steps) if step in ("ban", "unban")), False)
    run = AttributionRun(catalog(terms)).take(lines)  # type: ignore[arg-type]
    plain = AttributionRun(catalog(terms)).take([line for line in lines if not isinstance(line, BanDecision)])  # type: ignore[arg-type]
    if not banned:
        run.take([tick(100)])
        plain.take([tick(100)])
        assert sorted(run.effective_lines(), key=repr) == sorted(plain.effective_lines(), key=repr)
    else:
        assert [getattr(line, "reason", None) for line in run.effective_lines()] == ["banned"] * bool(
            plain.effective_lines()
        )
    assert (run.person.ban is not None) == banned
