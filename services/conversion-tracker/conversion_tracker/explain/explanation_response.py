"""An explanation as the API shows it: where the person stands, with the reasons and places."""

from dataclasses import dataclass

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import consider_touches
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import person_response
from conversion_tracker.attribution.referrer_response import JsonObject
from conversion_tracker.explain.leaderboard_client import Standing
from conversion_tracker.explain.line_descriptions import NameOf, says
from conversion_tracker.explain.log_positions import Place, Step
from conversion_tracker.explain.reward_response import rewards
from conversion_tracker.explain.trace import Asked, Trail, place_of
from conversion_tracker.explain.verdict_text import Told, verdict
from conversion_tracker.screening.conversion_response import screening_response
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.events.timestamps import to_datetime


@dataclass(frozen=True, slots=True)
class Explained:
    """All that an explanation is made of."""

    asked: Asked
    person: Person
    version: ProgramVersion | None
    rules: AttributionRules | None
    trail: Trail
    standing: Standing


def explained(one: Explained, catalog: Catalog, settings: Settings) -> JsonObject:
    """The whole answer."""
    asked, steps = one.asked, one.trail.steps
    places = Places(settings.topic_prefix)
    person = person_response(asked.program, asked.person, one.person, one.rules, catalog)
    return {
        **person,
        "verdict": verdict(_told(one, catalog)),
        "timezone": catalog.versions(asked.program)[0].program.timezone,
        "rules": _rules(one.version),
        "touches": _touches(one, person, places, settings.partitions),
        "screening": screening_response(asked.conversion),
        "rewards": rewards(steps, places.shown),
        "rank": one.standing.rank,
        "rank_unknown": one.standing.unknown,
        "causes": [_cause(step, places, lambda id: named(id, catalog)) for step in steps],
        "missing": [missing._asdict() for missing in one.trail.missing],
    }


@dataclass(frozen=True, slots=True)
class Places:
    """Shows places with the topics' full names."""

    prefix: str

    def shown(self, place: Place | None) -> JsonObject | None:
        """A PlaceOut."""
        return place._asdict() | {"topic": self.prefix + place.topic} if place else None


def named(participant: str, catalog: Catalog) -> str:
    """A participant as people know them: name and id at the platform."""
    found = catalog.participant(participant)
    if found is None:
        return participant
    return f"{found.display_name} ({found.external_id})" if found.display_name else found.external_id


def _told(one: Explained, catalog: Catalog) -> Told:
    said, asked = one.person.published, one.asked
    return Told(
        person=asked.person,
        referrer=named(asked.referrer, catalog) if asked.referrer else None,
        course=one.person.history.timeline(),
        won=asked.won,
        rules=one.rules,
        reason=said.reason if said else None,
        qualified=said is not None and said.qualified_at is not None,
        conversion=asked.conversion,
    )


def _rules(version: ProgramVersion | None) -> JsonObject | None:
    if version is None:
        return None
    attribution = version.program.attribution
    same = ("window_days", "model", "evidence", "qualifies_on", "min_amount", "currency", "retained_days", "refollow")
    return {
        "version": version.version,
        "effective_from": version.effective_from,
        **{name: getattr(attribution, name) for name in same},
    }


def _touches(one: Explained, person: JsonObject, places: Places, partitions: int) -> list[JsonObject]:
    """The touches as they are shown of a person, each with the first fact that told of it."""
    told = {touch: entry for entry in reversed(one.person.history.entries) for touch in entry.touches}
    listed = consider_touches(one.person.history, one.rules)
    shapes: list[JsonObject] = person["touches"]  # type: ignore[assignment] # as `shown` lists what was considered
    found = [told.get(each.touch) for each in listed]
    at = [places.shown(place_of(one.asked, entry, partitions)) if entry else None for entry in found]
    return [{**shape, "place": place} for shape, place in zip(shapes, at, strict=True)]


def _cause(step: Step, places: Places, name: NameOf) -> JsonObject:
    return {
        "type": step.type,
        "says": says(step.line, name),
        "at": step.line.occurred_at,
        "recorded_at": to_datetime(step.recorded_at_ms),
        "place": places.shown(step.place),
        "cause": places.shown(step.cause),
    }
