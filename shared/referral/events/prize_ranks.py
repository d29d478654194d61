"""The ranks that earn a prize, as a program file writes them: `1`, or `2-10`."""

import re
from collections.abc import Iterable, Iterator

_RANKS = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?")


def ranks(text: str) -> range | None:
    """The ranks that a text names, e.g. "2-4" → range(2, 5); None if it is not a rank or range of ranks."""
    match = _RANKS.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if first <= last else None


def overlaps(texts: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each text that names a rank which an earlier text has named, with the first such rank.

    Texts that are not ranks are skipped.
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
