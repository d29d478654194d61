"""What a line of the log changes for a live stream. It reads the few fields that it needs: all take several times as long."""

from collections.abc import Iterable

import msgspec

from leaderboard.domain.live_changes import LiveChange, total
from referral.log.records import split


class _Line(msgspec.Struct, gc=False):
    type: str
    program: str = ""
    qualified: bool = False
    undoes: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Line).decode


def changes_of(record: bytes) -> dict[str, LiveChange]:
    """Returns the changes of a record by program. Lines that cannot be decoded change nothing: folds report them."""
    found: dict[str, list[LiveChange]] = {}
    for line in _lines(record):
        change = _change(line)
        if change is not None:
            found.setdefault(line.program, []).append(change)
    return {program: total(changes) for program, changes in found.items()}


def _lines(record: bytes) -> Iterable[_Line]:
    for raw in split(record):
        try:
            yield _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


def _change(line: _Line) -> LiveChange | None:
    """What a line of `attributions` or `conversions` changes; None for lines about other matters."""
    match line.type:
        case "referral.attributed":
            change = LiveChange(referred=1, qualified=int(line.qualified))
        case "referral.qualified":
            change = LiveChange(qualified=1)
        case "referral.unattributed":
            change = LiveChange(discovered=1)
        case "referral.reversed":
            change = LiveChange(*(-int(stage in line.undoes) for stage in ("attributed", "unattributed", "qualified")))
        case "conversion.cleared":
            change = LiveChange(counted=1)
        case "conversion.reversed":
            change = LiveChange(counted=-1)
        case _:
            return None
    return change
