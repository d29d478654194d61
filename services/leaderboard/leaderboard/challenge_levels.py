"""How long submissions of challenges wait for a review, as levels for the exporter."""

from collections.abc import Iterable
from itertools import islice

from leaderboard.challenge_store import ChallengeStore
from referral.telemetry.level_exporter import Levels

MAX_CHALLENGES_READ = 1_000
"""Of how many challenges the exporter reads the queue, over all programs."""


def read_challenge_levels(store: ChallengeStore, challenges: Iterable[tuple[str, str]], now_ms: int) -> Levels:
    """Returns how many submissions wait, and how long the oldest has waited; `challenges` are programs with their challenges."""
    waiting, oldest_s = 0, now_ms / 1000
    for number, since in store.waiting([*islice(challenges, MAX_CHALLENGES_READ)]):
        waiting, oldest_s = waiting + number, min(oldest_s, since if since is not None else oldest_s)
    levels: Levels = {}
    levels["submissions_waiting", ()] = float(waiting)
    levels["submission_waiting_seconds", ()] = max(0.0, now_ms / 1000 - oldest_s)
    return levels
