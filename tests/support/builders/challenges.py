"""Builders for challenges: one of 30 days."""

from datetime import date

from msgspec.structs import replace

from referral.events.challenges import Challenge
from referral.events.entities import ProgramVersion

GLOW30 = Challenge(id="glow30", hashtag="#Glow30", starts=date(2026, 11, 1), days=30, vote_from=date(2026, 11, 24))


def with_challenges(version: ProgramVersion, *challenges: Challenge) -> ProgramVersion:
    """Returns the program version with these challenges, GLOW30 by default."""
    return replace(version, program=replace(version.program, challenges=challenges or (GLOW30,)))
