"""What no single section of a program file shows: channels that others name, dates in order, hashtags told apart.

Everything is read from the file as it was sent, so that a mistake in one place does not hide another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, get_args
from zoneinfo import ZoneInfo

from link_issuer.programs.report import items
from referral.events.facts import Channel

MOST_CHALLENGES = 100
"""Each is held against each, so there is an end to them."""


def across(program: Mapping[str, Any], original: object) -> dict[str, Any]:
    """Mistakes between sections, as marshmallow nests them; `program` holds what was right of the original."""
    return {
        "ends_at": _end(program),
        "kits": _kits(original),
        "content": _experiments(original),
        "challenges": _challenges(program, original),
        "partners": _partners(original),
    }


def _channels(original: object) -> list[object] | None:
    """The program's channels; None where there is no list of them."""
    channels = original.get("channels") if isinstance(original, Mapping) else None
    return channels if isinstance(channels, list) and channels else None


def _elsewhere(channel: object, channels: list[object] | None) -> list[str] | None:
    """What is wrong with naming a channel, where the program runs elsewhere; what is no channel at all is said already."""
    if channels is None or channel not in get_args(Channel) or channel in channels:
        return None
    return [f"{channel} is no channel of this program: take {', '.join(map(str, channels))}, or add it to channels"]


def _kits(original: object) -> dict[str, list[str]]:
    kits = original.get("kits") if isinstance(original, Mapping) else None
    channels = _channels(original)
    names = kits if isinstance(kits, Mapping) else ()
    return {name: wrong for name in names if (wrong := _elsewhere(name, channels))}


def _partners(original: object) -> dict[int, dict[str, list[str]]]:
    channels = _channels(original)
    return {
        index: {"channel": wrong}
        for index, partner in items(original, "partners")
        if (wrong := _elsewhere(partner.get("channel"), channels))
    }


def _end(program: Mapping[str, Any]) -> list[str]:
    begins, ends = program.get("effective_from"), program.get("ends_at")
    if begins is None or ends is None or begins < ends:
        return []
    return ["is not after effective_from: this version would never be in force"]


def _experiments(original: object) -> dict[int, dict[str, dict[str, list[str]]]]:
    """Experiments whose id another item's has: figures are kept by it."""
    seen: set[str] = set()
    found = {}
    for index, item in items(original, "content"):
        experiment = item.get("experiment")
        id_ = experiment.get("id") if isinstance(experiment, Mapping) else None
        if isinstance(id_, str) and id_ in seen:
            found[index] = {"experiment": {"id": [f"{id_} is another item's experiment: give each its own"]}}
        elif isinstance(id_, str):
            seen.add(id_)
    return found


@dataclass(frozen=True, slots=True)
class _Span:
    """When a challenge goes on: from a day up to, and without, another."""

    place: int
    id: object
    hashtag: str
    first: date
    after: date


def _challenges(program: Mapping[str, Any], original: object) -> dict[int, dict[str, list[str]]]:
    spans = list(islice(_spans(original), MOST_CHALLENGES))
    late = {span.place: wrong for span in spans if (wrong := _late(span, program))}
    return late | {span.place: late.get(span.place, {}) | wrong for span, wrong in _confused(spans)}


def _spans(original: object) -> Iterator[_Span]:
    for index, one in items(original, "challenges"):
        try:
            first = date.fromisoformat(one["starts"])  # type: ignore[arg-type] # what is no text raises TypeError
            span = timedelta(one["days"])  # type: ignore[arg-type] # what is no number raises TypeError
            yield _Span(index, one.get("id"), str(one["hashtag"]).casefold(), first, first + span)
        except (KeyError, TypeError, ValueError, OverflowError):
            continue


def _late(span: _Span, program: Mapping[str, Any]) -> dict[str, list[str]]:
    """A challenge that goes on when the program has ended, in the program's zone."""
    ends, zone = program.get("ends_at"), program.get("timezone")
    if ends is None or zone is None:
        return {}
    last = _last_day(ends, zone)
    if span.first > last:
        return {"starts": [f"is after the program's end on {last}: let it begin earlier, or move ends_at"]}
    most = (last - span.first).days + 1
    if span.after - span.first > timedelta(most):
        return {"days": [f"go beyond the program's end on {last}: take {most} at most"]}
    return {}


def _last_day(moment: datetime, zone: str) -> date:
    """The last day of a program that ends at a moment: at midnight, the day before."""
    try:
        return (moment - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return moment.date()


def _confused(spans: list[_Span]) -> Iterator[tuple[_Span, dict[str, list[str]]]]:
    """Challenges whose posts cannot be told from an earlier one's: the same hashtag on the same days."""
    for place, span in enumerate(spans):
        for other in spans[:place]:
            if span.hashtag == other.hashtag and span.first < other.after and other.first < span.after:
                yield span, {"hashtag": [f"is {other.id}'s on the same days: take another, or let one end first"]}
                break
