"""Referral cycles: of up to eight referrals that lead back to where they started, the newest does not count."""

from collections.abc import Mapping
from dataclasses import replace

from referral.events.ids import referral_id
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.journal import PersonIdOf

_LONGEST = 8  # referrals


def without_cycles(
    standing: Mapping[str, ExpectedReferral], program: str, person_id: PersonIdOf
) -> dict[str, ExpectedReferral]:
    """Returns the expected referrals; the newest of each cycle of valid referrals is not qualified."""
    return {
        person: replace(one, qualified_at=None) if _is_newest_of_cycle(person, standing, program, person_id) else one
        for person, one in standing.items()
    }


def _is_newest_of_cycle(
    person: str, standing: Mapping[str, ExpectedReferral], program: str, person_id: PersonIdOf
) -> bool:
    """Of two referrals at the same time, the one with the greater id is newer."""
    cycle = _cycle(person, standing)
    ages = [(one.followed_at, referral_id(program, person_id(one.person), referrer)) for one, referrer in cycle]
    return bool(ages) and ages[0] == max(ages)


def _cycle(person: str, standing: Mapping[str, ExpectedReferral]) -> list[tuple[ExpectedReferral, str]]:
    """Each referral of the person's cycle with the referrer's person id, the person's own first; empty if there is none."""
    cycle: list[tuple[ExpectedReferral, str]] = []
    here = person
    while len(cycle) < _LONGEST and here in standing and (referrer := standing[here].referrer):
        cycle.append((standing[here], referrer.id))
        here = referrer.external_id
        if here == person:
            return cycle
    return []
