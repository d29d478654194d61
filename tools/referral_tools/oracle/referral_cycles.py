"""Referral cycles: of up to eight referrals that lead back to where they started, the newest does not count."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from referral.events.ids import referral_id
from referral_tools.oracle.expected_attribution import ExpectedReferral

_LONGEST = 8  # referrals


def without_cycles(standing: Mapping[str, ExpectedReferral], program: str) -> dict[str, ExpectedReferral]:
    """Returns the expected referrals; the newest of each cycle of valid referrals is not qualified."""
    return {
        person: replace(one, qualified_at=None) if _closes_cycle(person, standing, program) else one
        for person, one in standing.items()
    }


def _closes_cycle(person: str, standing: Mapping[str, ExpectedReferral], program: str) -> bool:
    """Whether the person's referral is the newest of a cycle; of two at the same time, the one with the greater id is newer."""
    cycle: list[tuple[datetime, str]] = []
    here = person
    while len(cycle) < _LONGEST and here in standing and (referrer := standing[here].referrer):
        cycle.append(_age(standing[here], referral_id(program, here, referrer.id)))
        here = referrer.external_id
        if here == person:
            return cycle[0] == max(cycle)
    return False


def _age(one: ExpectedReferral, id: str) -> tuple[datetime, str]:
    return one.followed_at, id
