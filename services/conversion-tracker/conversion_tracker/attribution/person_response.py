"""A person's state as the API shows it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from conversion_tracker.attribution.considered_touches import WORDS, Considered, considered
from conversion_tracker.attribution.credit import WHOLE, CreditModel, Shares, credit
from conversion_tracker.attribution.history import Course
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.referrer_response import Shape, referrer_shape
from conversion_tracker.attribution.rules import Rules
from conversion_tracker.attribution.verdict_events import Said
from conversion_tracker.graph.network import Network
from referral.catalog.view import Catalog
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime

Credit = dict[CreditModel, Shares]


def shown(program: str, external_id: str, person: Person, rules: Rules | None, catalog: Catalog) -> Shape:
    """The whole answer. `rules` are those of the first follow."""
    course = person.history.course()
    referrer = person.said.referrer if person.said else None
    shares = credit(course, rules)
    return {
        "program": program,
        "external_id": external_id,
        "status": _status(course),
        "followed_at": None if course.since is None else to_datetime(course.since),
        "first_followed_at": to_datetime(course.first.at) if course.first else None,
        "version": course.first.version if course.first else None,
        "referral": referral_id(program, external_id, referrer) if referrer else None,
        "referrer": referrer_shape(referrer, catalog),
        "reason": person.said.reason if person.said else None,
        "qualified_at": _qualified_at(person.said),
        "models": {**_models(shares, catalog), "pays": rules.model if rules else None},
        "touches": [_touch(one, shares, catalog) for one in considered(person.history, rules)],
        "late": person.late,
    }


def shown_network(network: Network, above: Iterable[str], catalog: Catalog) -> Shape:
    """Those below a person by degree, and those above them, the nearest first."""
    return {"network": asdict(network), "brought_by": [referrer_shape(one, catalog) for one in above]}


def _status(course: Course) -> str:
    if course.since is not None:
        return "follower"
    return "none" if course.first is None else "unfollowed"


def _qualified_at(said: Said | None) -> datetime | None:
    """When the referral that stands did what the program pays for."""
    if said is None or said.referrer is None or said.qualified is None:
        return None
    return to_datetime(said.qualified or said.since)


def _models(shares: Credit, catalog: Catalog) -> Shape:
    """Every model, always: one referrer where it gives all to one, else how much each has."""
    return {
        "first_touch": _credited(shares["first_touch"], catalog),
        "last_touch": _credited(shares["last_touch"], catalog),
        "linear": _parts(shares["linear"], catalog),
        "position_based": _parts(shares["position_based"], catalog),
    }


def _credited(shares: Shares, catalog: Catalog) -> Shape | None:
    return next((referrer_shape(touch.referrer, catalog) for touch in shares), None)


def _parts(shares: Shares, catalog: Catalog) -> list[Shape]:
    """Each referrer's part, the largest first."""
    parts: dict[str, int] = {}
    for touch, share in shares.items():
        parts[touch.referrer] = parts.get(touch.referrer, 0) + share
    ranked = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return [{"referrer": referrer_shape(referrer, catalog), "share": share / WHOLE} for referrer, share in ranked]


def _touch(one: Considered, shares: Credit, catalog: Catalog) -> Shape:
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
        "referrer": referrer_shape(touch.referrer, catalog),
        "won": one.why == "won",
        "why": one.why,
        "detail": WORDS[one.why],
        "credit": {model: parts.get(touch, 0) / WHOLE for model, parts in shares.items()},
    }
