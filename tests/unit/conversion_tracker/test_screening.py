"""Whether a referral counts: the rules, what they come to together, and what a fall takes back."""

from dataclasses import dataclass
from dataclasses import replace as but
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from conversion_tracker.screening import rules
from conversion_tracker.screening.catalogue import REASON_TEXTS, RULES, Finding, combined_outcome, reasons_for, screen
from conversion_tracker.screening.conversion import Conversion, Review, qualify, reconcile, with_finding, with_reversal
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import history_state_key
from conversion_tracker.screening.referrer_history import ReferrerHistory
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.attributions import Evidence, ReferralAttributed, ReferralQualified, ReferralReversed
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionRejected,
    ConversionReversed,
)
from referral.events.edges import EdgeSet
from referral.events.ids import conversion_id, referral_id
from referral.events.screening import Screening, ScreeningReason
from referral.events.timestamps import to_ms
from referral.fold.batch import Batch
from referral.fold.decider import Decider
from referral.fold.fence import Fence
from referral.fold.fold import Decision, Position
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.state_store import LoadedState
from tests.support.builders.conversion_tracker import FRIEND, catalog
from tests.support.builders.participants import AMY, PROGRAM, SELF, day
from tests.support.folds import FoldFeed

QUALIFIED = ReferralQualified(
    occurred_at=day(2),
    program=PROGRAM,
    id=referral_id(PROGRAM, FRIEND, AMY.id),
    person=FRIEND,
    referrer=AMY.id,
    version=1,
    evidence=Evidence(kind="code", touched_at=day(2), event="evt_1", code="AMY88"),
    followed_at=day(2),
)
REVERSED = ReferralReversed(
    occurred_at=day(3),
    program=PROGRAM,
    person=FRIEND,
    undoes=("attributed", "qualified"),
    reason="unfollowed",
    since=day(2),
    referrer=AMY.id,
    id=QUALIFIED.id,
)


def _rule(name: str, action: str, hit: bool = True) -> ScreeningRule:
    return but(RULES[0], name=name, action=lambda _: action, evaluate=lambda *_: {} if hit else None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("action", "outcome"), [("reject", "rejected"), ("hold", "held"), ("ignore", "cleared")])
def test_a_self_referral_meets_what_the_program_chose(action: str, outcome: str) -> None:
    """The second lock: if attribution ever let one pass, it does not pay."""
    findings = screen(ScreeningCase(QUALIFIED, SELF), Screening(self_referral=action))  # type: ignore[arg-type]
    assert combined_outcome(findings) == outcome
    assert [finding.reason for finding in findings] == (["self_referral"] if outcome != "cleared" else [])


def test_an_honest_referral_is_cleared() -> None:
    """Nothing speaks against it."""
    assert screen(ScreeningCase(QUALIFIED, AMY), Screening()) == ()
    assert combined_outcome(()) == "cleared"


def test_a_rule_that_crashes_holds() -> None:
    """An unknown referrer makes the rule fail; money then waits for a person."""
    assert screen(ScreeningCase(QUALIFIED, None), Screening()) == (Finding("held", "rule_failed"),)


def test_the_severest_action_decides_and_names_its_reasons() -> None:
    """One rejecting rule outweighs any that hold."""
    rules = [_rule("a", "hold"), _rule("b", "reject"), _rule("c", "reject"), _rule("d", "reject", hit=False)]
    findings = screen(ScreeningCase(QUALIFIED, AMY), Screening(), rules)
    assert combined_outcome(findings) == "rejected"
    assert reasons_for(findings, "rejected") == ("b", "c")


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_rule_has_a_description(rule: ScreeningRule) -> None:
    """The catalogue is what an operator reads."""
    assert rule.description.endswith(".")
    assert sum(one.name == rule.name for one in RULES) == 1
    assert all(text and not text.endswith(".") for text in rule.observes.values())


def test_every_rule_has_a_reason_and_a_setting_of_its_name() -> None:
    """Otherwise no program could configure the rule, or its finding would have no name on the log."""
    names = {rule.name for rule in RULES}
    reasons = set(get_args(ScreeningReason)) - {"rule_failed", "review"}
    assert names == reasons, "each ScreeningReason needs a rule in RULES, and each rule a ScreeningReason"
    assert names - {"ban"} == set(Screening.__struct_fields__), "each rule needs a field of its name in Screening"


def test_every_rule_file_is_in_the_catalogue() -> None:
    """A rule that is written but not listed would never be evaluated."""
    modules = [import_module(f"{rules.__name__}.{module.name}") for module in iter_modules(rules.__path__)]
    written = {value.name for module in modules for value in vars(module).values() if isinstance(value, ScreeningRule)}
    assert written == {rule.name for rule in RULES}, (
        "add each rule in screening/rules to RULES in screening/catalogue.py"
    )


def test_every_reason_has_a_description_for_reviewers() -> None:
    """A list of held conversions describes every reason in a sentence."""
    assert set(REASON_TEXTS) == set(get_args(ScreeningReason))


HELD = (Finding("held", "self_referral"),)
BANNED = Finding("rejected", "ban")
MOMENT = to_ms(day(3))


@dataclass
class Progress:
    """A partition without earlier outputs."""

    fence: Fence
    produced_below: int


def _settled(before: Conversion | None, findings: tuple[Finding, ...] = ()) -> tuple[Conversion, list[ConversionFact]]:
    return reconcile(qualify(before, QUALIFIED, findings), MOMENT, "corrected")


def test_the_reversal_of_a_cleared_conversion_has_the_time_of_its_clearing() -> None:
    """Boards remove it from the period in which it was counted."""
    state, (cleared,) = _settled(None)
    after, (taken_back,) = reconcile(with_reversal(state), MOMENT, "unfollowed")
    assert isinstance(cleared, ConversionCleared)
    assert isinstance(taken_back, ConversionReversed)
    assert (taken_back.id, taken_back.cleared_at, taken_back.version) == (cleared.id, cleared.occurred_at, 1)
    assert (taken_back.reason, taken_back.occurred_at) == ("unfollowed", day(3))
    assert (after.outcome, after.published) == (None, None)


def test_the_fall_of_what_never_counted_takes_nothing_back() -> None:
    """A held or rejected conversion gave nothing; neither did one that fell already."""
    for outcome in ("held", "rejected"):
        state, (line,) = _settled(None, (Finding(outcome, "self_referral"),))  # type: ignore[arg-type]
        assert type(line) in (ConversionHeld, ConversionRejected)
        gone, nothing = reconcile(with_reversal(state), MOMENT, "unfollowed")
        assert nothing == reconcile(with_reversal(gone), MOMENT, "unfollowed")[1] == []


def test_a_repeated_line_has_no_second_output() -> None:
    """The same outcome for the same referral is published once."""
    state, _ = _settled(None, HELD)
    assert _settled(state, HELD)[1] == []


def test_a_review_outweighs_the_rules_and_a_ban_outweighs_a_review() -> None:
    """A reviewer overrules rules; a banned person earns nothing, even if a conversion is released."""
    held, _ = _settled(None, HELD)
    released, (line,) = reconcile(replace(held, review=Review("cleared", "ops", MOMENT)), MOMENT, "review")
    assert isinstance(line, ConversionCleared)
    banned, lines = reconcile(replace(released, findings=(*HELD, BANNED)), MOMENT, "ban")
    assert [type(line) for line in lines] == [ConversionReversed, ConversionRejected]
    back, (again,) = reconcile(replace(banned, findings=HELD), MOMENT, "ban")
    assert again == line
    rejected, lines = reconcile(replace(back, review=Review("rejected", "ops", MOMENT)), MOMENT, "review")
    assert [getattr(line, "reasons", None) for line in lines] == [None, ("review",)]
    assert rejected.outcome == "rejected"


def test_findings_are_published_in_one_order_whichever_came_first() -> None:
    """A ban before a cycle and a cycle before a ban have the same outcome: nothing new is published."""
    ring = Finding("rejected", "ring")
    state, (line,) = _settled(None, (ring, BANNED))
    assert isinstance(line, ConversionRejected)
    assert line.reasons == ("ring", "ban")
    again, nothing = reconcile(with_finding(replace(state, findings=(BANNED,)), "ring", ring), MOMENT, "ring")
    assert (again.published, nothing) == (state.published, [])


def test_a_review_still_applies_after_a_referral_is_reversed_and_restored() -> None:
    """It was reviewed already."""
    held, _ = _settled(None, HELD)
    released, _ = reconcile(replace(held, review=Review("cleared", "ops", MOMENT)), MOMENT, "review")
    gone, _ = reconcile(with_reversal(released), MOMENT, "unfollowed")
    assert [type(line) for line in _settled(gone, HELD)[1]] == [ConversionCleared]


def test_the_fold_clears_reverses_and_clears_again_under_the_same_id() -> None:
    """A restored referral is the same conversion: nothing is granted twice."""
    fold = FoldFeed(ScreenFold(), catalog())
    again = replace(QUALIFIED, occurred_at=day(4), followed_at=day(4))
    said = [line for line in fold.feed((QUALIFIED, REVERSED, again)) if isinstance(line, ConversionFact)]
    assert [type(line) for line in said] == [ConversionCleared, ConversionReversed, ConversionCleared]
    assert {line.id for line in said} == {conversion_id(QUALIFIED.id)}
    assert said[2].occurred_at - said[0].occurred_at == timedelta(days=2)


def test_the_fold_keeps_who_unfollowed_and_who_came_back() -> None:
    """Churn is seen in what is known of the referrer; a refund or a correction is no leaving."""
    fold = FoldFeed(ScreenFold(), catalog())
    corrected = replace(REVERSED, reason="corrected")
    seen = []
    for line in (QUALIFIED, corrected, QUALIFIED, REVERSED, REVERSED, QUALIFIED):
        fold.feed([line])
        known = fold.state(history_state_key(PROGRAM, AMY.id))
        assert isinstance(known, ReferrerHistory)
        seen.append(known.unfollowed)
    assert seen == [b"", b"", b"", b"\1", b"\1", b""]


def test_reasons_are_counted_by_outcome_and_rule() -> None:
    """An operator sees which rule holds how much, without reading the log."""
    batch = Batch(0, 0, 0, [(Position(0, 0, 0, 0), replace(QUALIFIED, person=AMY.id), b"")])
    known = Progress(Fence(), 0)
    outcome = Decider(ScreenFold(), catalog(), lambda _: 1).decide(batch, LoadedState(b"", {}), known)
    labels = {"fold": "screen", "type": "conversion.rejected", "reason": "self_referral"}
    before = REGISTRY.get_sample_value("referral_fold_reasons_total", labels) or 0
    FoldMetrics("screen").record_batch(outcome, 1)
    assert REGISTRY.get_sample_value("referral_fold_reasons_total", labels) == before + 1


def test_the_fold_rejects_a_self_referral_that_got_so_far() -> None:
    """The fold looks the referrer up and applies the version that the referral was judged under."""
    line = replace(QUALIFIED, person=AMY.id)
    outputs = FoldFeed(ScreenFold(), catalog()).feed([line])
    assert [type(output) for output in outputs] == [ConversionRejected]


def test_what_has_not_qualified_is_not_screened() -> None:
    """An attribution alone only makes an edge; an unattributed follower touches no state."""
    names = [name for name in ReferralAttributed.__struct_fields__ if name != "qualified"]
    attributed = ReferralAttributed(**{name: getattr(QUALIFIED, name) for name in names})
    nobody = replace(REVERSED, undoes=("unattributed",), id=None, referrer=None)
    fold = ScreenFold()
    assert [type(line) for line in FoldFeed(fold, catalog()).feed([attributed])] == [EdgeSet]
    assert [type(line) for line in FoldFeed(fold, catalog()).feed([replace(attributed, qualified=True)])] == [
        EdgeSet,
        ConversionCleared,
    ]
    assert list(fold.keys(nobody)) == []
    assert fold.decide(nobody, {}, catalog(), Position(0, 0, 0, 0)) == Decision()
