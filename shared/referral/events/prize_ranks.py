"""The places of a ranking that earn a prize, as a program file writes them: `1`, or `2-10`."""

import re
from collections.abc import Iterable, Iterator

_PLACE = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?")


def ranks(text: str) -> range | None:
    """The places that a text names, e.g. "2-4" → range(2, 5); None where it names none."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if first <= last else None


def overlaps(texts: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each text that names a place which an earlier one has named, with the first such place.

    Texts that name no place are skipped.
    """
    seen: list[range] = []
    for text in texts:
        own = ranks(text)
        if own is None:
            continue
        taken = [max(own.start, other.start) for other in seen if own.start < other.stop and other.start < own.stop]
        if taken:
            yield text, min(taken)
        seen.append(own)
