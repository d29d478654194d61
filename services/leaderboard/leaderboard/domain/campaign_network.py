"""The network of a whole campaign: from the beginnings of chains on, with the time of each follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leaderboard.domain.radial_tree import Brought

TimedReferees = Callable[[Sequence[str], int], list[list[tuple[str, int]]]]
"""The referees of each of some people, with the second of their follow, the earliest first; at most so many of each."""
READ_AT_ONCE = 20
"""Of so many people referees are looked up at once: each may have as many as the whole network may have people."""


@dataclass(frozen=True, slots=True)
class CampaignNetwork:
    """People in the order of a tree: each after their referrer. `truncated`: there are more."""

    people: list[Brought]
    truncated: bool


def campaign_network(referrers: Sequence[str], referees_of: TimedReferees, most: int) -> CampaignNetwork:
    """Returns the network of these referrers and of all below them, at most `most` people. It looks up some at a time.

    A referrer without a referrer in it is a root, which is there from the first friend on. Of several referrers of a person the
    first one counts; a referrer without a person of their own is left out. A cycle begins with the referrer who comes first.
    """
    brought, truncated = _look_up(referrers, referees_of, most)
    by: dict[str, list[str]] = {}
    for person, (referrer, _) in brought.items():
        by.setdefault(referrer, []).append(person)
    roots = [one for one in referrers if one in by and one not in brought]
    in_cycles = [one for one in referrers if one in by and one in brought]
    people: list[Brought] = []
    known: set[str] = set()
    for root in (*roots, *in_cycles):
        if root not in known:
            known.add(root)
            people.append(Brought(root, None, min(brought[one][1] for one in by[root])))
            _append_below(root, by, brought, known, people)
    return CampaignNetwork(people[:most], truncated or len(people) > most)


def _look_up(
    referrers: Sequence[str], referees_of: TimedReferees, most: int
) -> tuple[dict[str, tuple[str, int]], bool]:
    """The referrer of each person, and the second of their follow."""
    brought: dict[str, tuple[str, int]] = {}
    read: set[str] = set()
    level = list(dict.fromkeys(referrers))[:most]
    while level:
        read.update(level)
        for start in range(0, len(level), READ_AT_ONCE):
            part = level[start : start + READ_AT_ONCE]
            for referrer, found in zip(part, referees_of(part, most + 1), strict=True):
                for person, second in found:
                    if len(brought) >= most:
                        return brought, True
                    brought.setdefault(person, (referrer, second))
        level = [person for person in brought if person not in read]
    return brought, len(referrers) > most


def _append_below(
    root: str,
    by: dict[str, list[str]],
    brought: dict[str, tuple[str, int]],
    known: set[str],
    people: list[Brought],
) -> None:
    """Appends all below a root, degree by degree."""
    level = [root]
    while level:
        next_level = [
            (person, referrer) for referrer in level for person in by.get(referrer, ()) if person not in known
        ]
        known.update(person for person, _ in next_level)
        people += [Brought(person, referrer, brought[person][1]) for person, referrer in next_level]
        level = [person for person, _ in next_level]
