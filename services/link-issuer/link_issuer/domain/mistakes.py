"""What is wrong with something somebody sent, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: a JSON pointer (RFC 6901) to the place, and what is wrong there with what to do about it."""

    pointer: str
    detail: str


def pointer(*path: str | int) -> str:
    """The JSON pointer of a path, e.g. pointer("rewards", 0, "percent") → "/rewards/0/percent"."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
