"""The leaderboard: its app in the test process on a fixed catalog and clock, or all its processes on a log of the test's own."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import httpx
import msgspec
from flask import Flask

from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.closed_board import block_roots, join_parts, rank_order
from leaderboard.domain.closing_state import ClosedBoard
from leaderboard.domain.tally import StoredTally, load_tally
from leaderboard.folds import closing_keys, state_keys
from leaderboard.folds.closing_terms import PeriodBoard
from leaderboard.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.clock import ManualClock
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.ids import person_digest
from referral.events.keys import referrer_key
from referral.events.standings import PartEntry
from referral.events.timestamps import to_ms
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.state_keys import state_key
from referral.http.context import Context
from referral.redis_client import RedisClient
from referral.topics import partition_of
from referral.verification.merkle_tree import root_of
from referral_tools.stack.ports import free_ports
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM
from tests.support.processes import run_module
from tests.support.records import DirectoryRecord, split_records
from tests.support.settings import API_SECRET, AUTHORIZATION, UNREACHABLE, api_key

MODULE = "leaderboard"
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
PARTITIONS = 4
FOLDS = ("boards", "growth", "activity", "closings", "experiments")


def leaderboard_app(redis_url: str, records: Iterable[DirectoryRecord] = ()) -> Flask:
    """Returns the app on a directory of these records, the Glow program and an API key; its broker is unreachable."""
    settings = dataclasses.replace(UNREACHABLE, redis=redis_url, partitions=PARTITIONS)
    key = api_key("read", "read", secret=API_SECRET)
    catalog, people = split_records([GLOW_VERSION, key, *records])
    app = make_app(settings, MemoryFollower(catalog, people))
    context: Context = app.extensions["referral"]
    app.extensions["referral"] = dataclasses.replace(context, clock=ManualClock(to_ms(NOW)))
    return app


def set_scores(redis: RedisClient, period: str, scores: Mapping[str, float], kind: ReferrerKind = "follower") -> None:
    """Writes scores of participants to a board, each in the partition that the fold would write to."""
    for member, score in scores.items():
        home = partition_of(referrer_key(PROGRAM, member), PARTITIONS)
        board = state_keys.board(PROGRAM, "referrals", period, kind)
        redis.zadd(state_key(state_keys.SERVICE, state_keys.BOARDS, home, board), {person_digest(member): score})


def close_board(redis: RedisClient, name: PeriodBoard, entries: Iterable[PartEntry]) -> None:
    """Writes a closed board, as the fold closings does; entries in any order."""
    blocks = join_parts([sorted(entries, key=rank_order)])
    roots = block_roots(blocks)
    count = sum(len(block.entries) for block in blocks)
    closed = ClosedBoard(int(NOW.timestamp()), count, root_of(roots).hex(), (), b"".join(roots))
    home, stored = partition_of(name.program, PARTITIONS), closing_keys.blocks(name.key)
    states = {f"{stored.prefix}{number}": block for number, block in enumerate(blocks)}
    for key, state in {closing_keys.closed_board(name.key): closed, **states}.items():
        redis.set(state_key(closing_keys.SERVICE, closing_keys.CLOSINGS, home, key), msgspec.msgpack.encode(state))


def set_tallies(redis: RedisClient, metric: BoardMetric, times: Mapping[str, Iterable[datetime]]) -> None:
    """Writes when something counted for each person, and their scores of all time, as the fold of the metric does."""
    definition = BOARD_METRICS[metric]
    board = state_keys.board(PROGRAM, metric, "all")
    for person, moments in times.items():
        tally = load_tally(definition.resolution, b"")
        for moment in moments:
            tally.change(int(moment.timestamp()), 1)
        [score] = tally.scores([(0, 2**32 - 1)])
        of_referrals = definition.fold == state_keys.BOARDS
        key = state_keys.counted_seconds(metric, person) if of_referrals else state_keys.tally(metric, PROGRAM, person)
        stored = tally.to_bytes() if of_referrals else StoredTally(tally.to_bytes())
        home = partition_of(referrer_key(PROGRAM, person), PARTITIONS)
        if score is not None:
            redis.set(state_key(state_keys.SERVICE, definition.fold, home, key), msgspec.msgpack.encode(stored))
            redis.zadd(state_key(state_keys.SERVICE, definition.fold, home, board), {person_digest(person): score})


def store_states(redis: RedisClient, name: str, states: MemoryStateStore) -> None:
    """Writes the states that a fold in memory has, of as many partitions as the app, to Redis."""
    for partition, values in states.values.items():
        for key, raw in values.items():
            redis.set(state_key(state_keys.SERVICE, name, partition, key), raw)
    for partition, scores in states.scores.items():
        for (sorted_set, member), score in scores.items():
            redis.zadd(state_key(state_keys.SERVICE, name, partition, sorted_set), {member: score})


def board_score(count: int, reached_at: datetime) -> float:
    """Returns the score of `count` referrals, the last of them at `reached_at`."""
    return int(reached_at.timestamp()) - count * 2.0**32


@contextmanager
def run_leaderboard(environ: Mapping[str, str], folds: Iterable[str] = FOLDS) -> Iterator[httpx.Client]:
    """Yields a client, with an API key, of the HTTP service; its folds run too. The service may not be ready yet."""
    [port] = free_ports(1)
    here = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_LOG_LEVEL": "error"}
    with ExitStack() as stack:
        for part in (("http",), *(("fold", name) for name in folds)):
            stack.enter_context(run_module(here, MODULE, *part))
        yield stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=AUTHORIZATION, timeout=150))
