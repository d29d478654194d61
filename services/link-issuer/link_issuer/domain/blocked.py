"""Words that a program lets no code hold (`codes.blocklist` of its file)."""

from collections.abc import Iterable


def blocked(code: str, blocklist: Iterable[str]) -> str | None:
    """The first of the words that a code (in capitals) holds, in whatever case they are written; None where it holds none."""
    return next((word for word in blocklist if word.upper() in code), None)
