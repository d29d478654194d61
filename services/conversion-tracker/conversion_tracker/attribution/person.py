"""A person in a program: their history, and what was said of them last."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.attribution.history import Entry, History
from conversion_tracker.attribution.rules import Rules
from conversion_tracker.attribution.verdict import Standing, judge
from conversion_tracker.attribution.verdict_events import Said, Saying, difference, said_of
from conversion_tracker.bans.ban import Ban

RulesOf = Callable[[int], Rules | None]


class Person(Struct, frozen=True, array_like=True, gc=False):
    """The state of one person. `said` is what stands on the log; `late` counts facts that came too late to matter.

    `ban` is there while they are banned.
    """

    history: History = History()
    said: Said | None = None
    late: int = 0
    ban: Ban | None = None


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
    return _judged(person, history, person.ban, program, name, rules_of, reached)


def put_under(
    person: Person, ban: Ban | None, program: str, name: str, rules_of: RulesOf, reached: int
) -> tuple[Person, list[Saying]] | None:
    """The person under a ban, or (None) free of it, and what has to be said; None where it is no news.

    `reached` (ms) is how far time has come: who is free again has qualified by staying if the days were over meanwhile.
    """
    if (person.ban is None) == (ban is None):
        return None
    return _judged(person, person.history, ban, program, name, rules_of, reached)


def _judged(
    person: Person, history: History, ban: Ban | None, program: str, name: str, rules_of: RulesOf, reached: int
) -> tuple[Person, list[Saying]]:
    said, course = person.said, history.course()
    if said is not None and said.qualified:
        reached = max(reached, said.qualified)
    verdict = judge(course, rules_of(course.first.version), reached) if course.first else None
    if verdict is not None and ban is not None:
        verdict = Standing(verdict.since, verdict.first, reason="banned")
    now = said_of(verdict) if verdict else None
    sayings = difference(program, name, said, verdict, course, ban) if now != said else []
    return Person(history, now, person.late, ban), sayings


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
    return replace(person, late=person.late + 1)
