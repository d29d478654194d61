"""A person's state as the API shows it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import OUTCOME_TEXTS, ConsideredTouch, consider_touches
from conversion_tracker.attribution.credit import FULL_CREDIT, CreditModel, Shares, credit_by_model
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.published_verdict import PublishedVerdict
from conversion_tracker.attribution.referrer_response import JsonObject, referrer_response
from conversion_tracker.attribution.timeline import Timeline
from conversion_tracker.graph.network import Network
from referral.catalog.view import Catalog
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime

CreditByModel = dict[CreditModel, Shares]


def person_response(
    program: str, external_id: str, person: Person, rules: AttributionRules | None, catalog: Catalog
) -> JsonObject:
    """The whole answer. `rules` are those of the first follow."""
    course = person.history.timeline()
    referrer = person.published.referrer if person.published else None
    shares = credit_by_model(course, rules)
    return {
        "program": program,
        "external_id": external_id,
        "status": _follow_status(course),
        "followed_at": None if course.since is None else to_datetime(course.since),
        "first_followed_at": to_datetime(course.first_follow.at) if course.first_follow else None,
        "version": course.first_follow.version if course.first_follow else None,
        "referral": referral_id(program, external_id, referrer) if referrer else None,
        "referrer": referrer_response(referrer, catalog),
        "reason": person.published.reason if person.published else None,
        "qualified_at": _qualification_time(person.published),
        "models": {**_models_response(shares, catalog), "pays": rules.model if rules else None},
        "touches": [_touch_response(one, shares, catalog) for one in consider_touches(person.history, rules)],
        "late": person.late_facts,
    }


def network_response(network: Network, above: Iterable[str], catalog: Catalog) -> JsonObject:
    """Those below a person by degree, and those above them, the nearest first."""
    return {"network": asdict(network), "brought_by": [referrer_response(one, catalog) for one in above]}


def _follow_status(course: Timeline) -> str:
    if course.since is not None:
        return "follower"
    return "none" if course.first_follow is None else "unfollowed"


def _qualification_time(said: PublishedVerdict | None) -> datetime | None:
    """When the valid referral qualified."""
    if said is None or said.referrer is None or said.qualified_at is None:
        return None
    return to_datetime(said.qualified_at or said.since)


def _models_response(shares: CreditByModel, catalog: Catalog) -> JsonObject:
    """Every model: one referrer if it gives all credit to one, otherwise each referrer's share."""
    return {
        "first_touch": _sole_referrer(shares["first_touch"], catalog),
        "last_touch": _sole_referrer(shares["last_touch"], catalog),
        "linear": _referrer_shares(shares["linear"], catalog),
        "position_based": _referrer_shares(shares["position_based"], catalog),
    }


def _sole_referrer(shares: Shares, catalog: Catalog) -> JsonObject | None:
    return next((referrer_response(touch.referrer, catalog) for touch in shares), None)


def _referrer_shares(shares: Shares, catalog: Catalog) -> list[JsonObject]:
    """Each referrer's part, the largest first."""
    parts: dict[str, int] = {}
    for touch, share in shares.items():
        parts[touch.referrer] = parts.get(touch.referrer, 0) + share
    ranked = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return [
        {"referrer": referrer_response(referrer, catalog), "share": share / FULL_CREDIT} for referrer, share in ranked
    ]


def _touch_response(one: ConsideredTouch, shares: CreditByModel, catalog: Catalog) -> JsonObject:
    touch = one.touch
    return {
        "kind": touch.kind,
        "touched_at": to_datetime(touch.at),
        "event": touch.event,
        "code": touch.code,
        "channel": touch.channel,
        "content": touch.content,
        "cta": touch.cta,
        "partner": touch.partner,
        "campaign": touch.campaign,
        "referrer": referrer_response(touch.referrer, catalog),
        "won": one.outcome == "won",
        "why": one.outcome,
        "detail": OUTCOME_TEXTS[one.outcome],
        "credit": {model: parts.get(touch, 0) / FULL_CREDIT for model, parts in shares.items()},
    }
