"""docs/attribution.md says what the fold does: every cell of its tables is played."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.credit import FULL_CREDIT, credit_by_model
from referral.events.attribution_rules import QualifyingEvent
from referral.events.attributions import ReferralAttributed, ReferralQualified, ReferralUnattributed
from referral.events.facts import Channel, Fact
from referral_tools.attribution.case_steps import AMY, CaseStep, Did
from referral_tools.attribution.credit_cases import MODELS, TOUCHES
from referral_tools.attribution.evidence_cases import CASES, ENDS_ON_DAY, EvidenceCase
from referral_tools.attribution.qualification_cases import CLOCK, CURRENCY, HISTORIES, MINIMUM, STAYS, QualificationCase
from tests.support.builders import conversion_tracker as world
from tests.support.builders.conversion_tracker import FRIEND, catalog, program_version, tick, token
from tests.support.builders.participants import PROGRAM, day, mention_id, person_id
from tests.support.scenarios.attribution import AttributionRun

PEOPLE = {"Amy": world.AMY, "Bo": world.BO}
PSEUDONYM = {"mention": mention_id, "by": person_id}
TYPES: dict[Did, str] = {
    "follow": "person.followed",
    "unfollow": "person.unfollowed",
    "active": "person.active",
    "scan": "code.scanned",
    "tag": "friend.tagged",
    "order": "order.paid",
    "refund": "order.refunded",
}


def _fact(number: int, step: CaseStep, channel: Channel | None) -> Fact:
    """The fact of a step; a click was made in the channel, and a follow that says nothing else is told by none."""
    said = {name: PSEUDONYM.get(name, str)(text) for name, text in step.said.items()}
    by_itself = {name: text for name, text in said.items() if name in ("code", "mention")}
    data = {name: text for name, text in said.items() if name not in by_itself}
    fact = {
        "id": f"evt_{number}",
        "type": TYPES[step.action],
        "program": PROGRAM,
        "person": FRIEND,
        "occurred_at": day(step.day),
        **by_itself,
    }
    if step.click:
        fact["click"] = token(PEOPLE[step.click[0]], step.click[1], channel)
    if channel and (step.said or not step.click):
        fact["channel"] = channel
    return msgspec.convert(fact | ({"data": data} if data else {}), type=Fact)  # type: ignore[arg-type] # a union of types


def _facts(steps: tuple[CaseStep, ...], channel: Channel | None = None) -> list[Fact]:
    return [_fact(number, step, channel) for number, step in enumerate(steps, 1)]


@pytest.mark.parametrize("channel", get_args(Channel))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.description)
def test_evidence_by_channel_has_the_outcome_that_the_docs_say(case: EvidenceCase, channel: Channel) -> None:
    """Who is credited, for which kind of evidence and in which channel; or the reason why nobody is."""
    run = AttributionRun(catalog(program_version(ends_at=day(ENDS_ON_DAY)))).take(
        _facts(case.steps, channel), recorded_on=case.steps[-1].day
    )
    first = run.effective_lines()[0]
    if isinstance(first, ReferralUnattributed):
        assert (case.credited, first.reason) == (None, case.reason)
        said = f"unattributed: `{first.reason}`"
    else:
        assert case.credited is not None
        assert (first.referrer, first.evidence.kind) == (PEOPLE[case.credited[0]].id, case.credited[1])
        said = f"{case.credited[0]} · {first.evidence.channel}"
    assert said == case.outcome(channel)


def _rules(qualifies_on: QualifyingEvent) -> AttributionRun:
    asked = {"min_amount": Decimal(MINIMUM), "currency": CURRENCY, "retained_days": STAYS}
    return AttributionRun(catalog(program_version(qualifies_on=qualifies_on, **asked)))


@pytest.mark.parametrize("qualifies_on", get_args(QualifyingEvent))
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.description)
def test_a_history_pays_from_the_day_that_the_docs_say(
    history: QualificationCase, qualifies_on: QualifyingEvent
) -> None:
    """Attributed to Amy while they follow; qualified from that day; reversed only where it had qualified."""
    run = _rules(qualifies_on)
    for fact in _facts(history.steps):
        run.take([tick((fact.occurred_at - day(0)).total_seconds() / 86_400), fact])
    run.take([tick(CLOCK)])
    standing = run.effective_lines()
    assert [one.referrer for one in standing if isinstance(one, ReferralAttributed)] == [
        PEOPLE[AMY].id
    ] * history.stands
    said = [
        one.occurred_at
        for one in (standing if history.stands else run.stage_lines)
        if isinstance(one, ReferralQualified)
    ]
    pays_from = history.pays_from[qualifies_on]
    assert said == ([] if pays_from is None else [day(pays_from)])


@pytest.mark.parametrize("number", range(len(MODELS)), ids=MODELS)
def test_each_touch_has_the_credit_that_the_docs_say(number: int) -> None:
    """By model, in per cent."""
    facts = _facts(tuple(share.step for share in TOUCHES))
    course = AttributionRun().take(facts).person.history.timeline()
    shares = credit_by_model(course, attribution_rules(program_version()))[MODELS[number]]  # type: ignore[index] # the same names
    by_event = {touch.event: part * 100 / FULL_CREDIT for touch, part in shares.items()}
    assert [by_event.get(fact.id, 0) for fact in facts] == [share.percent[number] for share in TOUCHES]
