"""The trail of a person: the facts that bear on them, what was said because of these, and because of that, down to rewards.

Backward every step is one record: a line says its cause. Forward it is a look from the moment the cause was recorded on.
"""

from dataclasses import dataclass

from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.timeline import HistoryEntry, Touch
from conversion_tracker.explain.log_positions import LogPosition, MissingStep, TraceStep, is_about
from conversion_tracker.explain.trace_conversions import conversion_steps
from conversion_tracker.explain.trace_reader import TraceReader
from conversion_tracker.explain.trace_rewards import reward_steps
from conversion_tracker.screening.conversion import Conversion
from referral.events.attributions import ReferralQualified
from referral.events.keys import beneficiary_key, person_key, referrer_key
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, partition_of

_TOPIC_ORDER = tuple(topic.name for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS))
_MAX_EVENTS = 12
_BEGINNING = (-1, 0)


@dataclass(frozen=True, slots=True)
class TraceSubject:
    """Whose trail: a person with their history, the touch that won, who made it, and the conversion it led to.

    `referrer` is a participant's id, `beneficiary` their id at the platform; each is None where there is none. `bans` are the
    moments (ms) of the bans that stand of either of them.
    """

    program: str
    person: str
    history: History
    winning_touch: Touch | None = None
    referrer: str | None = None
    beneficiary: str | None = None
    conversion: Conversion | None = None
    bans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Every line that was found, facts first and then as they follow from each other; and what was not found."""

    steps: tuple[TraceStep, ...]
    missing: tuple[MissingStep, ...]


def build_trace(asked: TraceSubject, reading: TraceReader, partitions: int) -> Trace:
    """The trail, of a log whose topics have so many partitions. Raises LogAway."""
    facts = _event_steps(asked, reading, partitions)
    program, referrer = asked.program, asked.referrer
    where = partition_of(referrer_key(program, referrer) if referrer else person_key(program, asked.person), partitions)
    said = _attribution_steps(asked, facts, reading, where)
    screened = conversion_steps(asked.conversion, said, reading, where, asked.bans)
    people = [one for one in (asked.person, asked.beneficiary) if one]
    wallets = sorted({partition_of(beneficiary_key(asked.program, one), partitions) for one in people})
    found = [*facts, *said, *screened, *reward_steps(screened, reading, wallets)]
    return Trace(tuple(_sort_steps(_with_causes(found, reading))), tuple(reading.missing))


def position_of(asked: TraceSubject, entry: HistoryEntry, partitions: int) -> LogPosition | None:
    """Where the fact of an entry stands; None where that was not kept."""
    partition = partition_of(person_key(asked.program, asked.person), partitions)
    return LogPosition(EVENTS.name, partition, entry.offset, entry.line) if entry.offset >= 0 else None


def _event_steps(asked: TraceSubject, reading: TraceReader, partitions: int) -> list[TraceStep]:
    """The facts that something may have been said because of, in the order they came."""
    found: list[TraceStep] = []
    for entry in _relevant_entries(asked):
        place = position_of(asked, entry, partitions)
        step = reading.step_at(place) if place else None
        if step is not None and is_about(step.line, entry.id):
            found.append(step)
        else:
            reading.add_missing(f"the fact {entry.id}", _missing_detail(place))
    return found


def _relevant_entries(asked: TraceSubject) -> list[HistoryEntry]:
    """The entries that something may have been said because of: nothing is before it is known that the person has followed.

    The first follow, what holds the touch that won, and the newest of the others.
    """
    history, first = asked.history, asked.history.timeline().first_follow
    known_from = min((_arrival_order(one) for one in history.entries if one.kind == "follow"), default=_BEGINNING)
    since = _BEGINNING if history.checkpoint and history.checkpoint.timeline.first_follow else known_from
    newest = sorted((one for one in history.entries if _arrival_order(one) >= since), key=_arrival_order)[-_MAX_EVENTS:]
    won = [one for one in history.entries if asked.winning_touch in one.touches][:1]
    kept = {one.id: one for one in (*won, *newest, *([first] if first else []))}
    return sorted(kept.values(), key=_arrival_order)


def _arrival_order(entry: HistoryEntry) -> tuple[int, int]:
    return entry.offset, entry.line


def _attribution_steps(
    asked: TraceSubject, facts: list[TraceStep], reading: TraceReader, where: int
) -> list[TraceStep]:
    """What was said of the person because of these facts, and the line that the conversion rests on."""
    found = {step.position: step for fact in facts for step in reading.steps_caused_by(fact, ATTRIBUTIONS, where)}
    mine = {place: step for place, step in found.items() if getattr(step.line, "person", None) == asked.person}
    if asked.conversion and (rests_on := _qualification_step(asked.conversion, reading, where)):
        mine[rests_on.position] = rests_on
    return [step for _, step in sorted(mine.items())]


def _qualification_step(conversion: Conversion, reading: TraceReader, where: int) -> TraceStep | None:
    place = LogPosition(ATTRIBUTIONS.name, where, conversion.offset, conversion.line)
    step = reading.step_at(place)
    if step and isinstance(step.line, ReferralQualified) and is_about(step.line, conversion.referral):
        return step
    reading.add_missing("referral.qualified, which the conversion rests on", _missing_detail(place))
    return None


def _with_causes(found: list[TraceStep], reading: TraceReader) -> list[TraceStep]:
    """With the cause of each, and its cause, down to facts: a clock tick, a person's decision, whatever there will be."""
    steps = {step.position: step for step in found}
    asking = list(found)
    while asking:
        cause = asking.pop().cause
        if cause is None or cause in steps or cause.topic not in _TOPIC_ORDER:
            continue
        step = reading.step_at(cause)
        if step is None:
            reading.add_missing("a cause", _missing_detail(cause))
        else:
            steps[cause] = step
            asking.append(step)
    return list(steps.values())


def _sort_steps(steps: list[TraceStep]) -> list[TraceStep]:
    """Topic by topic as they follow from each other, then as they were recorded."""
    return sorted(steps, key=lambda one: (_TOPIC_ORDER.index(one.position.topic), one.recorded_at_ms, one.position))


def _missing_detail(place: LogPosition | None) -> str:
    if place is None:
        return "Where it stands was not kept: it was taken in before places were. Look for its id in `events`."
    at = f"partition {place.partition} of `{place.topic}`, offset {place.offset}, line {place.line}"
    return (
        f"It should stand in {at}, and does not: that part of the log is gone, or this is another log than the state's."
    )
