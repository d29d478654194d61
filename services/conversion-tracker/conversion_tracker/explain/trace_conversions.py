"""The conversion lines of a trace: caused by the attribution lines, or by a later review, ban or referral cycle."""

from collections.abc import Iterable, Iterator, Sequence

from conversion_tracker.explain.log_positions import LogLine, TraceStep, is_about
from conversion_tracker.explain.trace_reader import TraceReader
from conversion_tracker.screening.conversion import Conversion
from referral.events.conversions import ConversionFact
from referral.events.ids import conversion_id
from referral.events.line import type_tag
from referral.events.timestamps import to_ms
from referral.topics import CONVERSIONS


def conversion_steps(
    conversion: Conversion | None,
    attributions: Sequence[TraceStep],
    reader: TraceReader,
    partition: int,
    bans: Sequence[int] = (),
) -> list[TraceStep]:
    """The lines of the conversion in its partition, in order. `bans` are the times (ms) of bans that affect it.

    `attributions` are the attribution lines found so far. Reports a missing step if the last line does not match the state.
    """
    if conversion is None:
        return []
    id = conversion_id(conversion.referral)
    causes = [step for step in attributions if is_about(step.line, conversion.referral)]
    found = _deduplicate(
        (step for cause in causes for step in reader.steps_caused_by(cause, CONVERSIONS, partition)), id
    )
    for since_ms in _search_starts(conversion, causes, found, bans):
        if not _matches_state(conversion, found):
            found = _deduplicate([*found, *_later_steps(conversion, id, since_ms, found, reader, partition)], id)
    if not _matches_state(conversion, found):
        reader.add_missing(f"the current outcome of {id}", _outcome_not_found(conversion, id, partition))
    return found


def _later_steps(
    conversion: Conversion, id: str, since_ms: int, found: Sequence[TraceStep], reader: TraceReader, partition: int
) -> list[TraceStep]:
    """The later lines of the conversion, up to the one that matches the state."""

    def is_last(step: TraceStep) -> bool:
        return _matches_state(conversion, _deduplicate([*found, step], id))

    return reader.find_steps(CONVERSIONS, partition, since_ms, lambda line: is_about(line, id), is_last)


def _deduplicate(steps: Iterable[TraceStep], id: str) -> list[TraceStep]:
    """The lines of the conversion, in order, without the copies that a crash can leave."""
    unique: dict[tuple[object, ...], TraceStep] = {}
    for step in sorted((one for one in steps if is_about(one.line, id)), key=lambda one: one.position):
        unique.setdefault(step.identity, step)
    return list(unique.values())


def _search_starts(
    conversion: Conversion, causes: Sequence[TraceStep], found: Sequence[TraceStep], bans: Sequence[int]
) -> Iterator[int]:
    """The times (ms) to search from for later lines: the review, each ban, and the last known line."""
    if conversion.review is not None:
        yield conversion.review.at
    yield from bans
    known = [*causes, *found]
    if known:
        yield max(step.recorded_at_ms for step in known)


def _matches_state(conversion: Conversion, found: Sequence[TraceStep]) -> bool:
    """Whether the last line about the outcome has that of the state. Lines about orders change no outcome."""
    last = next((step for step in reversed(found) if isinstance(step.line, ConversionFact)), None)
    if conversion.published is None:
        return last is None or last.type != "conversion.cleared"
    return last is not None and _line_matches(last.line, conversion)


def _line_matches(line: LogLine, conversion: Conversion) -> bool:
    published = conversion.published
    if published is None:
        return False
    reasons = tuple(getattr(line, "reasons", ()))
    expected = f"conversion.{published.outcome}", published.at, published.reasons
    return (type_tag(line), to_ms(line.occurred_at), reasons) == expected


def _outcome_not_found(conversion: Conversion, id: str, partition: int) -> str:
    outcome = conversion.published.outcome if conversion.published else "reversed"
    return (
        f"The state is `{outcome}`, but the line was not found near its cause. Search partition {partition} of"
        f" `{CONVERSIONS.name}` for {id}; if the conversion changed just now, try again in a moment."
    )
