"""Challenges of a program: each as in the first version that declares it. Later versions change no hashtag and no day."""

from typing import NamedTuple

from leaderboard.domain.challenge_score import ChallengeDays, challenge_days
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.challenges import Challenge, ChallengePrize
from referral.events.entities import ProgramVersion
from referral.events.normal_forms import fold_hashtag
from referral.events.reward_rules import RewardTrigger
from referral.events.timestamps import to_ms
from referral.fold.fold import Position


class DeclaredChallenge(NamedTuple):
    """A challenge as it was first declared, its days, and its hashtag in the form in which hashtags are compared.

    `from_ms` is when the version with it took effect; 0 for a program's first version.
    """

    challenge: Challenge
    days: ChallengeDays
    tag: str
    from_ms: float


PRIZE_TRIGGERS: dict[ChallengePrize, RewardTrigger] = {
    "every_participant": "challenge.participant",
    "weekly": "challenge.weekly",
    "final": "challenge.final",
}
"""The trigger of the rewards that pay a prize."""


def final_version(program: str, days: ChallengeDays, catalog: Catalog) -> tuple[ProgramVersion, Challenge]:
    """The version by which prizes are awarded: in force on the last day, or otherwise the newest one with the challenge."""
    last = catalog.program_at(program, days.end_s * 1000 - 1)
    versions = [*([last] if last else []), *reversed(catalog.versions(program))]
    found = (
        (version, challenge)
        for version in versions
        for challenge in version.program.challenges
        if challenge.id == days.id
    )
    return next(found)


class ChallengeTerms:
    """The challenges of programs. Caches those of each program until it has another version."""

    def __init__(self, time_zones: ProgramTimeZones) -> None:
        self._time_zones = time_zones
        self._cache: dict[str, tuple[int, dict[str, DeclaredChallenge]]] = {}

    def all_of(self, program: str, catalog: Catalog) -> dict[str, DeclaredChallenge]:
        """The challenges of a program by id, in the order in which they were declared; none for an unknown program."""
        versions = catalog.versions(program)
        known = self._cache.get(program)
        if known is None or known[0] != len(versions):
            zone = self._time_zones.zone_of(program, catalog) if versions else ""
            found: dict[str, DeclaredChallenge] = {}
            for version in versions:
                from_ms = 0 if version is versions[0] else to_ms(version.effective_from)
                for one in version.program.challenges:
                    days = challenge_days(one, zone)
                    found.setdefault(one.id, DeclaredChallenge(one, days, fold_hashtag(one.hashtag), from_ms))
            known = self._cache[program] = len(versions), found
        return known[1]

    def days_of(self, program: str, challenge: str, catalog: Catalog) -> ChallengeDays | None:
        """The days of a challenge; None for an unknown one."""
        found = self.all_of(program, catalog).get(challenge)
        return found.days if found else None

    def days_named(self, program: str, challenge: str, catalog: Catalog) -> ChallengeDays | None:
        """The days of a challenge that a line names; None for an unknown one.

        The line was accepted since the program has the challenge. A catalog that lacks it is some moments old, and is read on.
        """
        if challenge not in self.all_of(program, catalog):
            catalog.read_on()
        return self.days_of(program, challenge, catalog)

    def tagged(
        self, program: str, hashtags: tuple[str, ...], second: int, position: Position, catalog: Catalog
    ) -> list[ChallengeDays]:
        """The challenges with a hashtag of a post of this second, of those in effect when its line was recorded.

        Without the latter, a line would lead to another result when it is folded again with a newer catalog.
        """
        tags = {fold_hashtag(tag) for tag in hashtags}
        if not tags:
            return []
        return [
            one.days
            for one in self.all_of(program, catalog).values()
            if one.tag in tags and one.days.contains(second) and one.from_ms <= position.recorded_at_ms
        ]
