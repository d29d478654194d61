"""A participant's network: the number of referees by degree, to the third. Measured, never paid.

Refused edges do not count. Of every referral cycle of up to 8 edges one edge is refused, so no person is met twice below another.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

from msgspec import Meta, Struct

DEGREES = 3

ReferrerLookup = Callable[[str], str | None]  # a participant's referrer


class RefereeLookup(Protocol):
    """The referees of participants; each call is one round trip for any number of participants."""

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """Returns the number of referees of each participant."""

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """Returns their referees, of each participant at most so many, the earliest first."""


class Network(Struct, frozen=True):
    """Referees of the person (first), of those (second), and of those (third). Measured, never paid."""

    first: Annotated[int, Meta(examples=[12])] = 0
    second: Annotated[int, Meta(examples=[31])] = 0
    third: Annotated[int, Meta(examples=[9])] = 0
    truncated: Annotated[
        bool,
        Meta(
            description="more than 5,000 people in the first two degrees; the referees of those beyond were not counted",
            examples=[False],
        ),
    ] = False


def measure_network(participant: str, below: RefereeLookup, most: int) -> Network:
    """Returns a participant's network. Reads the referees of at most `most` people, in at most five round trips."""
    found, people, truncated = [0, 0, 0], [participant], False
    for degree in range(DEGREES):
        counts = below.referee_counts(people)
        found[degree] = sum(counts)
        if not found[degree] or degree == DEGREES - 1:
            break
        taken = _allot(counts, most)
        truncated, most = truncated or sum(taken) < found[degree], most - sum(taken)
        people = below.referees(people, taken)
    first, second, third = found
    return Network(first, second, third, truncated)


def _allot(counts: Sequence[int], most: int) -> list[int]:
    """Returns as much of each count, in order, as `most` allows in all."""
    taken = []
    for count in counts:
        taken.append(min(count, most))
        most -= taken[-1]
    return taken


def upline(participant: str, referrer_of: ReferrerLookup, degrees: int = DEGREES) -> list[str]:
    """Returns a participant's referrer, the referrer's referrer, and so on: the nearest first, each at most once."""
    chain = [participant]
    while len(chain) <= degrees and (nearest := referrer_of(chain[-1])) and nearest not in chain:
        chain.append(nearest)
    return chain[1:]
