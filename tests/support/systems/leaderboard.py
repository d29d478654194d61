"""The leaderboard's app in this process: on a catalog that is known, a clock that stands, and the test's own Redis."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from flask import Flask
from redis import Redis

from leaderboard.folds import state_keys
from leaderboard.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.clock import ManualClock
from referral.config import Settings
from referral.events.attributions import ReferrerKind
from referral.events.entities import ApiKey, CatalogEntity
from referral.events.keys import referrer_key
from referral.events.timestamps import to_ms
from referral.fold.state_keys import state_key
from referral.http.bearer_token import secret_digest
from referral.http.context import Context
from referral.topics import partition_of
from tests.support.builders.leaderboard import PROGRAM, START, VERSION

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
PARTITIONS = 4
SECRET = "rk_a-secret-that-only-tests-use-0123456789"
KEY = ApiKey(recorded_at=START, id="key_read", digest=secret_digest(SECRET), name="reads", scopes=("read",))
WITH_KEY = {"Authorization": f"Bearer {SECRET}"}


def served(redis_url: str, entities: Iterable[CatalogEntity] = ()) -> Flask:
    """The app. Its broker is away; only readiness asks for it."""
    settings = Settings(
        signing_key="k" * 32, kafka="127.0.0.1:1", redis=redis_url, partitions=PARTITIONS, log_level="error"
    )
    app = make_app(settings, MemoryFollower([VERSION, KEY, *entities]))
    context: Context = app.extensions["referral"]
    app.extensions["referral"] = dataclasses.replace(context, clock=ManualClock(to_ms(NOW)))
    return app


def seat(redis: "Redis", period: str, scores: Mapping[str, float], kind: ReferrerKind = "follower") -> None:
    """Puts participants on a board, each where the fold would."""
    for member, score in scores.items():
        home = partition_of(referrer_key(PROGRAM, member), PARTITIONS)
        board = state_keys.board(PROGRAM, "referrals", period, kind)
        redis.zadd(state_key(state_keys.SERVICE, state_keys.BOARDS, home, board), {member: score})


def score(count: int, reached_at: datetime) -> float:
    """The score of so many referrals, the last of them at a moment."""
    return int(reached_at.timestamp()) - count * 2.0**32
