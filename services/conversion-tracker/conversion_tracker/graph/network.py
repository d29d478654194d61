"""The network of a participant: how many people they referred, and how many those referred, to the third degree. Never paid.

Refused edges do not count, so no person appears twice below another: each cycle of up to 8 edges has one refused edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

DEGREES = 3

ReferrerLookup = Callable[[str], str | None]  # the referrer of a participant


class RefereeLookup(Protocol):
    """The referees of participants; each call is one round trip, however many participants it is about."""

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """The number of referees of each participant."""

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """The referees of each participant, at most so many of each, the earliest first."""


@dataclass(frozen=True, slots=True)
class Network:
    """People by degree. `truncated`: there are more in the degrees below the one at which looking ended."""

    first: int = 0
    second: int = 0
    third: int = 0
    truncated: bool = False


def measure_network(participant: str, below: RefereeLookup, most: int) -> Network:
    """A participant's network. Reads the referees of at most `most` people, in at most five round trips."""
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
    """The referrer of a participant, that referrer's referrer, and so on: the nearest first, each person once."""
    chain = [participant]
    while len(chain) <= degrees and (nearest := above(chain[-1])) and nearest not in chain:
        chain.append(nearest)
    return chain[1:]
