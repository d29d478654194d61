"""Referral cycles: a referrer who was referred, over a few referrals, by the person they referred. The newest does not count."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from referral.events.ids import referral_id
from referral_tools.oracle.expected_attribution import ExpectedReferral

_LONGEST = 8  # referrals


def without_cycles(standing: Mapping[str, ExpectedReferral], program: str) -> dict[str, ExpectedReferral]:
    """Everybody's standing; a referral that closes a circle of those that stand is not worth paying, as long as it does."""
    return {
        person: replace(one, qualified_at=None) if _closes(person, standing, program) else one
        for person, one in standing.items()
    }


def _closes(person: str, standing: Mapping[str, ExpectedReferral], program: str) -> bool:
    """Whether theirs is the newest of a circle; of two of one moment, the one with the greater id."""
    circle: list[tuple[datetime, str]] = []
    here = person
    while len(circle) < _LONGEST and here in standing and (referrer := standing[here].referrer):
        circle.append(_age(standing[here], referral_id(program, here, referrer.id)))
        here = referrer.external_id
        if here == person:
            return circle[0] == max(circle)
    return False


def _age(one: ExpectedReferral, id: str) -> tuple[datetime, str]:
    return one.followed_at, id
