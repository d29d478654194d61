"""A person in a program: their history, and what was said of them last."""

from collections.abc import Callable

from msgspec import Struct

from conversion_tracker.domain.difference import Said, Saying, difference, said_of
from conversion_tracker.domain.history import Entry, History
from conversion_tracker.domain.judgement import judge
from conversion_tracker.domain.rules import Rules

RulesOf = Callable[[int], Rules | None]


class Person(Struct, frozen=True, array_like=True, gc=False):
    """The state of one person. `said` is what stands on the log; `late` counts facts that came too late to matter."""

    history: History = History()
    said: Said | None = None
    late: int = 0


def noted(
    person: Person, entry: Entry, program: str, name: str, rules_of: RulesOf
) -> tuple[Person, list[Saying]] | None:
    """The person after one more entry, and what has to be said; None where it is no news.

    `name` is the person's own id. `rules_of` gives the rules of a version.
    """
    history = person.history.with_(entry)
    if history is person.history:
        return None
    course = history.course()
    verdict = judge(course, rules_of(course.first.version)) if course.first else None
    said = said_of(verdict) if verdict else None
    sayings = difference(program, name, person.said, verdict, course.ended) if said != person.said else []
    return Person(history, said, person.late), sayings


def too_late(person: Person) -> Person:
    """The person after a fact beyond the lateness bound: kept in the log, counted here, no verdict changed."""
    return Person(person.history, person.said, person.late + 1)
