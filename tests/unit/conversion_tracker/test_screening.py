"""Whether a referral counts: the rules, what they come to together, and what a fall takes back."""

from dataclasses import replace as but
from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from conversion_tracker.domain.conversion import Screened, fallen, screened
from conversion_tracker.domain.screening.catalogue import RULES, Verdict, screen
from conversion_tracker.domain.screening.rule import Case, Rule
from conversion_tracker.folds.screen import ScreenFold
from referral.events.attributions import Evidence, ReferralAttributed, ReferralQualified, ReferralReversed
from referral.events.conversions import ConversionCleared, ConversionRejected, ConversionReversed, ScreeningReason
from referral.events.ids import conversion_id, referral_id
from referral.events.program import Screening
from referral.fold.fold import Position

from .world import AMY, FRIEND, PROGRAM, at, catalog

QUALIFIED = ReferralQualified(
    occurred_at=at(2),
    program=PROGRAM,
    id=referral_id(PROGRAM, FRIEND, AMY.id),
    person=FRIEND,
    referrer=AMY.id,
    version=1,
    evidence=Evidence(kind="code", touched_at=at(2), event="evt_1", code="AMY88"),
    followed_at=at(2),
)
REVERSED = ReferralReversed(
    occurred_at=at(3),
    program=PROGRAM,
    person=FRIEND,
    undoes=("attributed", "qualified"),
    reason="unfollowed",
    since=at(2),
    referrer=AMY.id,
    id=QUALIFIED.id,
)


def _rule(name: str, action: str, hit: bool = True) -> Rule:
    return but(RULES[0], name=name, action=lambda _: action, decide=lambda _: hit)  # type: ignore[arg-type]


@pytest.mark.parametrize(("action", "outcome"), [("reject", "rejected"), ("hold", "held"), ("ignore", "cleared")])
def test_a_self_referral_meets_what_the_program_chose(action: str, outcome: str) -> None:
    """The second lock: if attribution ever let one pass, it does not pay."""
    verdict = screen(Case(QUALIFIED, FRIEND), Screening(self_referral=action))  # type: ignore[arg-type]
    assert verdict == Verdict(outcome, ("self_referral",) if outcome != "cleared" else ())  # type: ignore[arg-type]


def test_an_honest_referral_is_cleared() -> None:
    """Nothing speaks against it."""
    assert screen(Case(QUALIFIED, AMY.external_id), Screening()) == Verdict("cleared")


def test_a_rule_that_crashes_holds() -> None:
    """An unknown referrer makes the rule fail; money then waits for a person."""
    assert screen(Case(QUALIFIED, None), Screening()) == Verdict("held", ("rule_failed",))


def test_the_severest_action_decides_and_names_its_reasons() -> None:
    """One rejecting rule outweighs any that hold."""
    rules = [_rule("a", "hold"), _rule("b", "reject"), _rule("c", "reject"), _rule("d", "reject", hit=False)]
    assert screen(Case(QUALIFIED, "x"), Screening(), rules) == Verdict("rejected", ("b", "c"))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_rule_says_what_it_looks_for(rule: Rule) -> None:
    """The catalogue is what an operator reads."""
    assert rule.description.endswith(".")
    assert sum(one.name == rule.name for one in RULES) == 1


def test_every_rule_has_a_reason_and_a_setting_of_its_name() -> None:
    """A rule that no program can set, or whose verdict has no name on the log, is not finished."""
    names = {rule.name for rule in RULES}
    assert names == set(get_args(ScreeningReason)) - {"rule_failed"}
    assert names <= set(Screening.__struct_fields__)


def test_the_fall_of_a_cleared_conversion_says_when_it_was_cleared() -> None:
    """Boards take it off the very period it was counted in."""
    state, cleared = screened(QUALIFIED, Verdict("cleared"))
    after, taken_back = fallen(REVERSED, state) or (None, None)
    assert isinstance(cleared, ConversionCleared)
    assert isinstance(taken_back, ConversionReversed)
    assert (taken_back.id, taken_back.cleared_at, taken_back.version) == (cleared.id, cleared.occurred_at, 1)
    assert after == Screened("reversed", state.at, 1)


def test_the_fall_of_what_never_counted_takes_nothing_back() -> None:
    """A held or rejected conversion gave nothing; neither did one that fell already."""
    for outcome in ("held", "rejected"):
        state, _ = screened(QUALIFIED, Verdict(outcome, ("self_referral",)))  # type: ignore[arg-type]
        assert fallen(REVERSED, state) == (Screened("reversed", state.at, 1), None)
    assert fallen(REVERSED, Screened("reversed", 0, 1)) is None
    assert fallen(REVERSED, None) is None


def test_the_fold_clears_reverses_and_clears_again_under_the_same_id() -> None:
    """A restored referral is the same conversion: nothing is granted twice."""
    fold, known, state = ScreenFold(), catalog(), None
    said = []
    again = replace(QUALIFIED, occurred_at=at(4), followed_at=at(4))
    for line in (QUALIFIED, REVERSED, again):
        (key,) = fold.keys(line)
        decision = fold.decide(line, {key: state}, known, Position(0, 0, 0, 0))
        state = decision.changes[key]
        said += [output.line for output in decision.outputs]
    assert [type(line) for line in said] == [ConversionCleared, ConversionReversed, ConversionCleared]
    assert {line.id for line in said} == {conversion_id(QUALIFIED.id)}
    assert said[2].occurred_at - said[0].occurred_at == timedelta(days=2)


def test_the_fold_rejects_a_self_referral_that_got_so_far() -> None:
    """The fold looks the referrer up and applies the version that the referral was judged under."""
    line = replace(QUALIFIED, person=AMY.external_id)
    fold = ScreenFold()
    decision = fold.decide(line, dict.fromkeys(fold.keys(line)), catalog(), Position(0, 0, 0, 0))
    assert [type(output.line) for output in decision.outputs] == [ConversionRejected]


def test_what_has_not_qualified_is_not_screened() -> None:
    """An attribution alone, and what nobody brought, touch no state."""
    attributed = ReferralAttributed(**{name: getattr(QUALIFIED, name) for name in ReferralAttributed.__struct_fields__})
    nobody = replace(REVERSED, undoes=("unattributed",), id=None, referrer=None)
    assert [ScreenFold().keys(attributed), ScreenFold().keys(nobody)] == [(), ()]
