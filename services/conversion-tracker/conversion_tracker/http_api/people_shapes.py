"""A person's state as the API shows it."""

from conversion_tracker.domain.explanation import WORDS, Considered, considered, winner
from conversion_tracker.domain.history import Course
from conversion_tracker.domain.person import Person
from conversion_tracker.domain.rules import Rules
from referral.catalog.view import Catalog
from referral.events.ids import referral_id
from referral.events.moment import to_datetime
from referral.events.program import Model

Shape = dict[str, object]


def shown(program: str, external_id: str, person: Person, rules: Rules | None, catalog: Catalog) -> Shape:
    """The whole answer. `rules` are those of the first follow."""
    course = person.history.course()
    referrer = person.said.referrer if person.said else None
    return {
        "program": program,
        "external_id": external_id,
        "status": _status(course),
        "followed_at": None if course.since is None else to_datetime(course.since),
        "first_followed_at": to_datetime(course.first.at) if course.first else None,
        "version": course.first.version if course.first else None,
        "referral": referral_id(program, external_id, referrer) if referrer else None,
        "referrer": _participant(referrer, catalog),
        "reason": person.said.reason if person.said else None,
        "models": _models(course, rules, catalog),
        "touches": [_touch(one, catalog) for one in considered(person.history, rules)],
        "late": person.late,
    }


def _status(course: Course) -> str:
    if course.since is not None:
        return "follower"
    return "none" if course.first is None else "unfollowed"


def _models(course: Course, rules: Rules | None, catalog: Catalog) -> Shape:
    """Both models, always; `pays` is the program's."""
    return {
        "first_touch": _credited(course, rules, "first_touch", catalog),
        "last_touch": _credited(course, rules, "last_touch", catalog),
        "pays": rules.model if rules else None,
    }


def _credited(course: Course, rules: Rules | None, model: Model, catalog: Catalog) -> Shape | None:
    touch = winner(course, rules, model)
    return _participant(touch.referrer, catalog) if touch else None


def _participant(referrer: str | None, catalog: Catalog) -> Shape | None:
    if not referrer:
        return None
    participant = catalog.participant(referrer)
    return {
        "id": referrer,
        "external_id": participant.external_id if participant else None,
        "display_name": participant.display_name if participant else None,
    }


def _touch(one: Considered, catalog: Catalog) -> Shape:
    touch = one.touch
    return {
        "kind": touch.kind,
        "touched_at": to_datetime(touch.at),
        "event": touch.event,
        "code": touch.code,
        "channel": touch.channel,
        "content": touch.content,
        "cta": touch.cta,
        "referrer": _participant(touch.referrer, catalog),
        "won": one.why == "won",
        "why": one.why,
        "detail": WORDS[one.why],
    }
