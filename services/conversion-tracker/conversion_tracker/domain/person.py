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
    person: Person, entry: Entry | None, program: str, name: str, rules_of: RulesOf, reached: int = 0
) -> tuple[Person, list[Saying]] | None:
    """The person after one more entry, and what has to be said; None where it is no news.

    `name` is the person's own id. `rules_of` gives the rules of a version. `reached` (ms) is how far time has come, where it is
    time that brings news, and no entry.
    """
    before = person.history
    history = before.with_(entry) if entry is not None else before
    if history is before and not reached:
        return None
    said, course = person.said, history.course()
    if said is not None and said.qualified:
        reached = max(reached, said.qualified)
    verdict = judge(course, rules_of(course.first.version), reached) if course.first else None
    now = said_of(verdict) if verdict else None
    sayings = difference(program, name, said, verdict, course) if now != said else []
    return Person(history, now, person.late), sayings


def waits_until(person: Person, rules_of: RulesOf) -> int | None:
    """The moment (ms) at which time alone will make the person's referral qualify; None where it will not."""
    said = person.said
    if said is None or said.qualified is not None:
        return None
    first = person.history.course().first
    rules = rules_of(first.version) if first else None
    return said.since + rules.retained_ms if rules and rules.retained_ms else None


def too_late(person: Person) -> Person:
    """The person after a fact beyond the lateness bound: kept in the log, counted here, no verdict changed."""
    return Person(person.history, person.said, person.late + 1)
