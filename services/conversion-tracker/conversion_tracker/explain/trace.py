"""The trace of a person: the events that matter for them, and the attributions, conversions and rewards that these caused.

Backward, a step is one read: each line has the position of its cause. Forward, it is a search from the time the cause was recorded.
"""

from dataclasses import dataclass

from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.timeline import HistoryEntry, Touch
from conversion_tracker.explain.log_positions import LogPosition, MissingStep, TraceStep, is_about
from conversion_tracker.explain.trace_conversions import conversion_steps
from conversion_tracker.explain.trace_reader import TraceReader
from conversion_tracker.explain.trace_rewards import reward_steps
from conversion_tracker.screening.conversion import Conversion
from referral.events.attributions import QualifyingLine
from referral.events.keys import beneficiary_key, person_key, referrer_key
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, partition_of

_TOPIC_ORDER = tuple(topic.name for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS))
_MAX_EVENTS = 12
_BEGINNING = (-1, 0)


@dataclass(frozen=True, slots=True)
class TraceSubject:
    """The person that is explained, with their history, the winning touch, the referrer, and the conversion.

    `bans` are the times (ms) of the current bans of the person and the referrer.
    """

    program: str
    person: str
    history: History
    winning_touch: Touch | None = None
    referrer: str | None = None
    conversion: Conversion | None = None
    bans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The lines that were found, in causal order starting with events, and the steps that were not found."""

    steps: tuple[TraceStep, ...]
    missing: tuple[MissingStep, ...]


def build_trace(subject: TraceSubject, reader: TraceReader, partitions: int) -> Trace:
    """The trace, read from topics with this number of partitions. Raises LogUnavailable."""
    events = _event_steps(subject, reader, partitions)
    program, referrer = subject.program, subject.referrer
    key = referrer_key(program, referrer) if referrer else person_key(program, subject.person)
    partition = partition_of(key, partitions)
    attributions = _attribution_steps(subject, events, reader, partition)
    conversions = conversion_steps(subject.conversion, attributions, reader, partition, subject.bans)
    beneficiaries = [one for one in (subject.person, subject.referrer) if one]
    wallets = sorted({partition_of(beneficiary_key(program, one), partitions) for one in beneficiaries})
    found = [*events, *attributions, *conversions, *reward_steps(conversions, reader, wallets)]
    return Trace(tuple(_sort_steps(_with_causes(found, reader))), tuple(reader.missing))


def position_of(subject: TraceSubject, entry: HistoryEntry, partitions: int) -> LogPosition | None:
    """The position of a history entry's event; None for entries that were stored without one."""
    partition = partition_of(person_key(subject.program, subject.person), partitions)
    return LogPosition(EVENTS.name, partition, entry.offset, entry.line) if entry.offset >= 0 else None


def _event_steps(subject: TraceSubject, reader: TraceReader, partitions: int) -> list[TraceStep]:
    """The events that may have caused attribution lines, in order of arrival."""
    found: list[TraceStep] = []
    for entry in _relevant_entries(subject):
        position = position_of(subject, entry, partitions)
        step = reader.step_at(position) if position else None
        if step is not None and is_about(step.line, entry.id):
            found.append(step)
        else:
            reader.add_missing(f"the event {entry.id}", _not_at_position(position))
    return found


def _relevant_entries(subject: TraceSubject) -> list[HistoryEntry]:
    """The entries that may have caused attribution lines; there are none before the first follow has arrived.

    These are the first follow, the entry of the winning touch, and the newest of the others.
    """
    history, first = subject.history, subject.history.timeline().first_follow
    first_arrival = min((_arrival_order(one) for one in history.entries if one.kind == "follow"), default=_BEGINNING)
    since = _BEGINNING if history.checkpoint and history.checkpoint.timeline.first_follow else first_arrival
    newest = sorted((one for one in history.entries if _arrival_order(one) >= since), key=_arrival_order)[-_MAX_EVENTS:]
    winning = [one for one in history.entries if subject.winning_touch in one.touches][:1]
    relevant = {one.id: one for one in (*winning, *newest, *([first] if first else []))}
    return sorted(relevant.values(), key=_arrival_order)


def _arrival_order(entry: HistoryEntry) -> tuple[int, int]:
    return entry.offset, entry.line


def _attribution_steps(
    subject: TraceSubject, events: list[TraceStep], reader: TraceReader, partition: int
) -> list[TraceStep]:
    """The person's attribution lines that these events caused, and the line that caused the conversion."""
    caused = {
        step.position: step for event in events for step in reader.steps_caused_by(event, ATTRIBUTIONS, partition)
    }
    steps = {at: step for at, step in caused.items() if getattr(step.line, "person", None) == subject.person}
    if subject.conversion and (qualified := _qualification_step(subject.conversion, reader, partition)):
        steps[qualified.position] = qualified
    return [step for _, step in sorted(steps.items())]


def _qualification_step(conversion: Conversion, reader: TraceReader, partition: int) -> TraceStep | None:
    position = LogPosition(ATTRIBUTIONS.name, partition, conversion.offset, conversion.line)
    step = reader.step_at(position)
    if step and isinstance(step.line, QualifyingLine) and is_about(step.line, conversion.referral):
        return step
    reader.add_missing("the line by which the referral qualified", _not_at_position(position))
    return None


def _with_causes(found: list[TraceStep], reader: TraceReader) -> list[TraceStep]:
    """Adds the causes of all steps, and their causes, down to events, clock ticks and manual decisions."""
    steps = {step.position: step for step in found}
    pending = list(found)
    while pending:
        cause = pending.pop().cause
        if cause is None or cause in steps or cause.topic not in _TOPIC_ORDER:
            continue
        step = reader.step_at(cause)
        if step is None:
            reader.add_missing("a cause", _not_at_position(cause))
        else:
            steps[cause] = step
            pending.append(step)
    return list(steps.values())


def _sort_steps(steps: list[TraceStep]) -> list[TraceStep]:
    """By topic in causal order, then by the time they were recorded."""
    return sorted(steps, key=lambda step: (_TOPIC_ORDER.index(step.position.topic), step.recorded_at_ms, step.position))


def _not_at_position(position: LogPosition | None) -> str:
    if position is None:
        return "Its position is unknown: it was stored before positions were. Search `events` for its id."
    at = f"partition {position.partition} of `{position.topic}`, offset {position.offset}, line {position.line}"
    return f"It is not in {at}: that part of the log was deleted, or Redis holds the state of another log."
