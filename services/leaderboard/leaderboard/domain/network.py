"""The network below a person: whom they brought, whom these brought, and so on. Measured, never paid.

A refused referral is not part of it, so within eight referrals no one is met twice; longer cycles end where they return.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

RefereeLookup = Callable[[Sequence[str], int], list[list[str]]]
"""The people whom each of some people brought, the earliest first; of each person at most so many."""


@dataclass(frozen=True, slots=True)
class NetworkPerson:
    """A person of the network: who brought them, at which degree, and how many they brought themselves within it."""

    person: str
    referrer: str
    degree: int
    referees: int


@dataclass(frozen=True, slots=True)
class Network:
    """The people below a person, by degree and the earliest first. `truncated`: there are more."""

    people: list[NetworkPerson]
    truncated: bool

    @property
    def degrees(self) -> list[int]:
        """How many people there are at degree 1, 2, …"""
        counts = Counter(one.degree for one in self.people)
        return [counts[degree] for degree in range(1, max(counts, default=0) + 1)]

    @property
    def reach_multiple(self) -> float | None:
        """All people for each one of degree 1; None without any."""
        return len(self.people) / self.degrees[0] if self.people else None

    @property
    def top_tenth_share(self) -> float | None:
        """The share of the people that the top 10 % of those who brought anyone brought, 0 to 1; None without any.

        The top 10 % are at least one person, the number rounded up. The person above the network is one of them.
        """
        brought = sorted(Counter(one.referrer for one in self.people).values(), reverse=True)
        return sum(brought[: ceil(len(brought) / 10)]) / len(self.people) if brought else None


def network_below(person: str, referees_of: RefereeLookup, most: int, degrees: int) -> Network:
    """Returns the network of a person: at most `most` people, to this degree. One look-up for each degree, and one more."""
    found: dict[str, tuple[str, int]] = {}
    level, truncated = [person], False
    for degree in range(1, degrees + 2):
        next_level = [
            (one, referrer)
            for referrer, brought in zip(level, referees_of(level, most + 1), strict=True)
            for one in brought
        ]
        new = [(one, referrer) for one, referrer in next_level if one != person and one not in found]
        if degree > degrees or len(found) + len(new) > most:
            truncated, new = bool(new), new[: most - len(found)] if degree <= degrees else []
        found |= {one: (referrer, degree) for one, referrer in new}
        level = [one for one, _ in new]
        if not level or truncated:
            break
    referees = Counter(referrer for referrer, _ in found.values())
    people = [NetworkPerson(one, referrer, degree, referees[one]) for one, (referrer, degree) in found.items()]
    return Network(people, truncated)
