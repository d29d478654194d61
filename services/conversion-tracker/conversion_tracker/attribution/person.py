"""The state of a person in a program: history, published verdict, ban; and how an entry, a ban or time changes it."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.published_verdict import PublishedVerdict, published_form
from conversion_tracker.attribution.timeline import HistoryEntry
from conversion_tracker.attribution.verdict import Verdict, decide_verdict
from conversion_tracker.attribution.verdict_events import AttributionEvent, verdict_change_events
from conversion_tracker.bans.ban import Ban

RulesByVersion = Callable[[int], AttributionRules | None]
PersonChange = tuple["Person", list[AttributionEvent]]  # the new state, and the events to publish


class Person(Struct, frozen=True, array_like=True, gc=False):
    """The state of one person. `published` is the verdict on the log; `ban` is set while they are banned.

    `late_facts` counts the facts that arrived beyond the lateness bound and changed nothing, `early_facts` those from before the
    program was applied, which changed nothing either.
    """

    history: History = History()
    published: PublishedVerdict | None = None
    late_facts: int = 0
    ban: Ban | None = None
    early_facts: int = 0


def apply_entry(
    person: Person,
    entry: HistoryEntry | None,
    program: str,
    person_id: str,
    rules_by_version: RulesByVersion,
    reached_ms: int = 0,
) -> PersonChange | None:
    """Returns the change that one more history entry makes; None if it makes none.

    Without an entry, `reached_ms` is the time of a clock tick, which may qualify the referral.
    """
    before = person.history
    history = before.with_entry(entry) if entry is not None else before
    if history is before and not reached_ms:
        return None
    return _reconcile(person, history, person.ban, program, person_id, rules_by_version, reached_ms)


def withdraw_event(
    person: Person, event: str, program: str, person_id: str, rules_by_version: RulesByVersion
) -> PersonChange | None:
    """Returns the change that the withdrawal of an event makes; None if it was withdrawn before."""
    history = person.history.without_event(event)
    if history is person.history:
        return None
    return _reconcile(person, history, person.ban, program, person_id, rules_by_version, 0)


def apply_ban(
    person: Person,
    ban: Ban | None,
    program: str,
    person_id: str,
    rules_by_version: RulesByVersion,
    reached_ms: int,
) -> PersonChange | None:
    """Returns the change that a ban makes, or (None) an unban; None if it makes none.

    `reached_ms` is the time of the decision: after an unban the referral qualifies if its retention period has ended by then.
    """
    if (person.ban is None) == (ban is None):
        return None
    return _reconcile(person, person.history, ban, program, person_id, rules_by_version, reached_ms)


def _reconcile(
    person: Person,
    history: History,
    ban: Ban | None,
    program: str,
    person_id: str,
    rules_by_version: RulesByVersion,
    reached_ms: int,
) -> PersonChange:
    published, timeline = person.published, history.timeline()
    if published is not None and published.qualified_at:
        reached_ms = max(reached_ms, published.qualified_at)
    first = timeline.first_follow
    verdict = decide_verdict(timeline, rules_by_version(first.version), reached_ms) if first else None
    if verdict is not None and ban is not None:
        verdict = Verdict(verdict.since, verdict.first_follow, reason="banned")
    new = published_form(verdict) if verdict else None
    events = verdict_change_events(program, person_id, published, verdict, timeline, ban) if new != published else []
    return Person(history, new, person.late_facts, ban, person.early_facts), events


def retention_due_at(person: Person, rules_by_version: RulesByVersion) -> int | None:
    """Returns the time (ms) at which the referral will qualify by retention alone; None if it will not."""
    published = person.published
    if published is None or published.qualified_at is not None:
        return None
    first = person.history.timeline().first_follow
    rules = rules_by_version(first.version) if first else None
    return published.since + rules.retention_ms if rules and rules.retention_ms else None


def count_late(person: Person) -> Person:
    """Returns the person after a fact beyond the lateness bound: it stays on the log, is counted, and changes no verdict."""
    return replace(person, late_facts=person.late_facts + 1)


def count_early(person: Person) -> Person:
    """Returns the person after a fact from before the program was applied: it is counted, and changes no verdict."""
    return replace(person, early_facts=person.early_facts + 1)
