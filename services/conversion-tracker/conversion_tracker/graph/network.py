"""A person's network: how many they brought, and how many those brought, to the third degree. Measured, never paid.

Refused edges are none, so below a person nobody is met twice: circles of up to 8 edges have one such edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

DEGREES = 3

ReferrerLookup = Callable[[str], str | None]  # who brought a participant


class RefereeLookup(Protocol):
    """Whom participants brought; each question is one round trip, however many it is about."""

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """How many each of them brought."""

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """Whom they brought, of each at most so many, the earliest first."""


@dataclass(frozen=True, slots=True)
class Network:
    """People by degree. `truncated`: there are more in the degrees below the one at which looking ended."""

    first: int = 0
    second: int = 0
    third: int = 0
    truncated: bool = False


def measure_network(participant: str, below: RefereeLookup, most: int) -> Network:
    """A participant's network. At most `most` people are asked whom they brought, in five round trips at the most."""
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
    """As much of each, in order, as there is room for."""
    taken = []
    for count in counts:
        taken.append(min(count, most))
        most -= taken[-1]
    return taken


def upline(participant: str, above: ReferrerLookup, degrees: int = DEGREES) -> list[str]:
    """Who brought a participant, who brought those, and so on: the nearest first, nobody twice."""
    chain = [participant]
    while len(chain) <= degrees and (nearest := above(chain[-1])) and nearest not in chain:
        chain.append(nearest)
    return chain[1:]
