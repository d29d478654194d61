"""What screening said of a referral: because of its lines, and because of what was decided later (a review, a ban, a ring)."""

from collections.abc import Iterable, Iterator, Sequence

from conversion_tracker.explain.log_positions import LogLine, TraceStep, is_about
from conversion_tracker.explain.trace_reader import TraceReader
from conversion_tracker.screening.conversion import Conversion
from referral.events.ids import conversion_id
from referral.events.line import type_tag
from referral.events.timestamps import to_ms
from referral.topics import CONVERSIONS


def conversion_steps(
    conversion: Conversion | None, said: Sequence[TraceStep], reading: TraceReader, where: int, bans: Sequence[int] = ()
) -> list[TraceStep]:
    """The conversion's lines in its partition, in order. `said` are the attributions' lines of its referral, `bans` the moments
    (ms) of the bans that bear on it.
    """
    if conversion is None:
        return []
    id = conversion_id(conversion.referral)
    mine = [step for step in said if is_about(step.line, conversion.referral)]
    found = _deduplicate((step for cause in mine for step in reading.steps_caused_by(cause, CONVERSIONS, where)), id)
    for since_ms in _search_starts(conversion, mine, found, bans):
        if not _matches_state(conversion, found):
            found = _deduplicate([*found, *_later_steps(conversion, id, since_ms, found, reading, where)], id)
    if not _matches_state(conversion, found):
        reading.add_missing(f"what stands of {id}", _missing_detail(conversion, id, where))
    return found


def _later_steps(
    conversion: Conversion, id: str, since_ms: int, found: Sequence[TraceStep], reading: TraceReader, where: int
) -> list[TraceStep]:
    """What else was said of it, up to what stands."""

    def enough(step: TraceStep) -> bool:
        return _matches_state(conversion, _deduplicate([*found, step], id))

    return reading.find_steps(CONVERSIONS, where, since_ms, lambda line: is_about(line, id), enough)


def _deduplicate(steps: Iterable[TraceStep], id: str) -> list[TraceStep]:
    """Those of the conversion, in order, each once however often a crash had it said."""
    kept: dict[tuple[object, ...], TraceStep] = {}
    for step in sorted((one for one in steps if is_about(one.line, id)), key=lambda one: one.position):
        kept.setdefault(step.identity, step)
    return list(kept.values())


def _search_starts(
    conversion: Conversion, mine: Sequence[TraceStep], found: Sequence[TraceStep], bans: Sequence[int]
) -> Iterator[int]:
    """From when on to look for what else was said: somebody's review, a ban, else what is the last known."""
    if conversion.review is not None:
        yield conversion.review.at
    yield from bans
    known = [*mine, *found]
    if known:
        yield max(step.recorded_at_ms for step in known)


def _matches_state(conversion: Conversion, found: Sequence[TraceStep]) -> bool:
    """Whether the last line says what stands by the state."""
    last = found[-1] if found else None
    if conversion.published is None:
        return last is None or last.type != "conversion.cleared"
    return last is not None and _line_matches(last.line, conversion)


def _line_matches(line: LogLine, conversion: Conversion) -> bool:
    said = conversion.published
    if said is None:
        return False
    kind = type_tag(line)
    reasons = tuple(getattr(line, "reasons", ()))
    return (kind, to_ms(line.occurred_at), reasons) == (f"conversion.{said.outcome}", said.at, said.reasons)


def _missing_detail(conversion: Conversion, id: str, where: int) -> str:
    outcome = conversion.published.outcome if conversion.published else "reversed"
    return (
        f"By the state it is {outcome}, and the line that says so was not found near what it rests on. Look for {id} in"
        f" partition {where} of `{CONVERSIONS.name}`; where the log was changed lately, ask again in a moment."
    )
