"""An explanation as the API shows it: where the person stands, with the reasons and places."""

from dataclasses import dataclass

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import consider_touches
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import person_response
from conversion_tracker.attribution.referrer_response import JsonObject
from conversion_tracker.explain.leaderboard_client import RankResult
from conversion_tracker.explain.line_descriptions import NameOf, describe_line
from conversion_tracker.explain.log_positions import LogPosition, TraceStep
from conversion_tracker.explain.reward_response import rewards_response
from conversion_tracker.explain.trace import Trace, TraceSubject, position_of
from conversion_tracker.explain.verdict_text import VerdictFacts, verdict_sentence
from conversion_tracker.screening.conversion_response import screening_response
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.events.timestamps import to_datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that an explanation is made of."""

    subject: TraceSubject
    person: Person
    version: ProgramVersion | None
    rules: AttributionRules | None
    trace: Trace
    rank: RankResult


def explanation_response(one: Explanation, catalog: Catalog, settings: Settings) -> JsonObject:
    """The whole answer."""
    asked, steps = one.subject, one.trace.steps
    places = PositionFormatter(settings.topic_prefix)
    person = person_response(asked.program, asked.person, one.person, one.rules, catalog)
    return {
        **person,
        "verdict": verdict_sentence(_verdict_facts(one, catalog)),
        "timezone": catalog.versions(asked.program)[0].program.timezone,
        "rules": _rules_response(one.version),
        "touches": _touches_response(one, person, places, settings.partitions),
        "screening": screening_response(asked.conversion),
        "rewards": rewards_response(steps, places.to_response),
        "rank": one.rank.rank,
        "rank_unknown": one.rank.unknown_reason,
        "causes": [_cause_response(step, places, lambda id: participant_label(id, catalog)) for step in steps],
        "missing": [missing._asdict() for missing in one.trace.missing],
    }


@dataclass(frozen=True, slots=True)
class PositionFormatter:
    """Shows places with the topics' full names."""

    prefix: str

    def to_response(self, place: LogPosition | None) -> JsonObject | None:
        """A PlaceOut."""
        return place._asdict() | {"topic": self.prefix + place.topic} if place else None


def participant_label(participant: str, catalog: Catalog) -> str:
    """A participant as people know them: name and id at the platform."""
    found = catalog.participant(participant)
    if found is None:
        return participant
    return f"{found.display_name} ({found.external_id})" if found.display_name else found.external_id


def _verdict_facts(one: Explanation, catalog: Catalog) -> VerdictFacts:
    said, asked = one.person.published, one.subject
    return VerdictFacts(
        person=asked.person,
        referrer=participant_label(asked.referrer, catalog) if asked.referrer else None,
        timeline=one.person.history.timeline(),
        winning_touch=asked.winning_touch,
        rules=one.rules,
        reason=said.reason if said else None,
        qualified=said is not None and said.qualified_at is not None,
        conversion=asked.conversion,
    )


def _rules_response(version: ProgramVersion | None) -> JsonObject | None:
    if version is None:
        return None
    attribution = version.program.attribution
    same = ("window_days", "model", "evidence", "qualifies_on", "min_amount", "currency", "retained_days", "refollow")
    return {
        "version": version.version,
        "effective_from": version.effective_from,
        **{name: getattr(attribution, name) for name in same},
    }


def _touches_response(
    one: Explanation, person: JsonObject, places: PositionFormatter, partitions: int
) -> list[JsonObject]:
    """The touches as they are shown of a person, each with the first fact that told of it."""
    told = {touch: entry for entry in reversed(one.person.history.entries) for touch in entry.touches}
    listed = consider_touches(one.person.history, one.rules)
    shapes: list[JsonObject] = person["touches"]  # type: ignore[assignment] # as `shown` lists what was considered
    found = [told.get(each.touch) for each in listed]
    at = [places.to_response(position_of(one.subject, entry, partitions)) if entry else None for entry in found]
    return [{**shape, "place": place} for shape, place in zip(shapes, at, strict=True)]


def _cause_response(step: TraceStep, places: PositionFormatter, name: NameOf) -> JsonObject:
    return {
        "type": step.type,
        "says": describe_line(step.line, name),
        "at": step.line.occurred_at,
        "recorded_at": to_datetime(step.recorded_at_ms),
        "place": places.to_response(step.position),
        "cause": places.to_response(step.cause),
    }
