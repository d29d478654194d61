"""How referrals spread, from those who follow now: the degree of each person, and when their friends count."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from referral_tools.oracle.expected_attribution import ExpectedReferral

WINDOW = timedelta(days=14)
UNKNOWN = "unknown"
_LONGEST = 30  # referrals of a chain
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Spread:
    """A person who follows: their degree, and the full hours from their follow until each friend counted, within the window."""

    degree: str
    hours: Sequence[int]


def spread(standing: Mapping[str, ExpectedReferral], refused: Collection[str]) -> dict[str, Spread]:
    """Returns what each person who follows brought. `refused` are those whose referral closes a cycle: their degree is unknown."""
    counted: dict[str, list[int]] = defaultdict(list)
    for one in standing.values():
        if one.referrer and one.qualified_at:
            counted[one.referrer.external_id].append(int(one.qualified_at.timestamp()))
    return {
        person: Spread(
            UNKNOWN if person in refused else str(_degree(person, standing, refused)), _hours(one, counted[person])
        )
        for person, one in standing.items()
    }


def _hours(person: ExpectedReferral, counted: Sequence[int]) -> list[int]:
    waits = (second - int(person.followed_at.timestamp()) for second in counted)
    return [wait // _HOUR_S for wait in waits if 0 <= wait < WINDOW.total_seconds()]


def _degree(person: str, standing: Mapping[str, ExpectedReferral], refused: Collection[str]) -> int:
    """How many referrals there are above a person; a refused one, or one of a person who does not follow, is none."""
    degree, here = 0, person
    while degree < _LONGEST and here in standing and here not in refused and (referrer := standing[here].referrer):
        degree, here = degree + 1, referrer.external_id
    return degree
