"""P7, P8, P9 and P12: the board fold and reading boards.

- P7: all processor time of worker and Redis a conversion, against pipelined GET and SET of the same keys: what the fold reads is
  read, the referrer's timestamps, and what it writes is written, the timestamps and an entry on each of four boards. The ratio to
  one GET and one SET of the timestamps alone is beside it.
- P8: the p99 of a board read over HTTP while the fold works at 80 % of its highest rate, against the same reads while it rests.
- P9: time of my rank with five entries on each side, and of the first hundred, over all partitions, against one bare ZREVRANK or
  ZREVRANGE of one sorted set with as many members.
- P12: memory of a member and board, the list of timestamps behind it included. It is measured after the conversions of P7, whose
  number is fixed: those of P8 are as many as the machine folds in its time, and each adds four bytes to its referrer's timestamps.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event, Thread

import msgspec
from kafka import KafkaConsumer
from redis import Redis

from benchmarks.cpu import CpuMeter
from benchmarks.load import request, run
from benchmarks.results import Result, interleaved
from benchmarks.world import KEY, PROGRAM, World, redis_cpu, until
from leaderboard.board_store import BoardStore, board_name
from leaderboard.folds import state_keys
from referral.clock import SystemClock
from referral.events.attributions import Evidence
from referral.events.conversions import ConversionCleared
from referral.events.keys import referrer_key
from referral.fold.lag import FoldSource, lag_by_fold
from referral.fold.state_keys import state_key
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from referral.redis_client import connect_for_http
from referral.topics import CONVERSIONS, partition_of
from referral_tools.stack.stack import Stack

_CONVERSIONS = 20_000
_REFERRERS = 5_000
_DAYS = 60
_RECORD = 100
_BOARDS = 4  # on which a conversion counts: day, week, month and all time
_TIMESTAMP_BYTES, _SCORE_BYTES = 4, 8
_READS = 2_000
_FOLD = FoldSource(state_keys.SERVICE, state_keys.BOARDS, CONVERSIONS.name)
_serial = count()


def measure(stack: Stack) -> dict[str, Result]:
    """P7, P8, P9 and P12, on one world."""
    world = World(stack, "boards")
    people = [one.id for one in world.fill_catalog(_REFERRERS)]
    redis, consumer = Redis.from_url(world.settings.redis), world.consumer()
    with ExitStack() as running:
        worker, _ = running.enter_context(world.process("leaderboard", "fold", "boards"))
        fold = _Fold(world, worker.pid, people, redis, consumer)
        results = {"P7": _folding(fold), "P12": _memory(world, redis)}
        _, board = running.enter_context(world.process("leaderboard", "http"))
        results["P8"] = _reading_while_folding(fold, board)
        results |= _ranks(world, redis, people)
    consumer.close()
    return results


class _Fold:
    """The running fold, and conversions for it."""

    def __init__(
        self, world: World, pid: int, people: Sequence[str], redis: "Redis", consumer: "KafkaConsumer"
    ) -> None:
        self.world, self.redis = world, redis
        self._pid, self._people, self._consumer = pid, people, consumer
        self.rate = 0.0

    def cpu_us(self) -> float:
        """Processor time of worker and Redis for each of 20,000 conversions, µs."""
        lines = self.lines(_CONVERSIONS)
        meter, redis_before, began = CpuMeter([self._pid]), redis_cpu(self.world), time.perf_counter()
        self.append(lines)
        self.until_folded()
        self.rate = max(self.rate, _CONVERSIONS / (time.perf_counter() - began))
        return (meter.seconds() + redis_cpu(self.world) - redis_before) / _CONVERSIONS * 1e6

    def until_folded(self) -> None:
        """Returns once the fold has no line left."""
        until(lambda: not lag_by_fold(self.world.settings, self._consumer, self.redis, [_FOLD])[state_keys.BOARDS])

    def lines(self, number: int) -> dict[int, list[bytes]]:
        """So many conversions of all referrers over 60 days, by partition."""
        by_partition: dict[int, list[bytes]] = {}
        first = datetime.now(UTC) - timedelta(days=_DAYS)
        for _ in range(number):
            serial = next(_serial)
            referrer = self._people[serial * 7919 % len(self._people)]
            at = first + timedelta(seconds=serial * 104_729 % (_DAYS * 86_400))
            partition = partition_of(referrer_key(PROGRAM, referrer), self.world.settings.partitions)
            by_partition.setdefault(partition, []).append(msgspec.json.encode(_conversion(serial, referrer, at)))
        return by_partition

    def append(self, lines: dict[int, list[bytes]]) -> None:
        """Writes records of 100 lines."""
        producer = KafkaFoldProducer(self.world.settings, SystemClock())
        for start in range(0, max(map(len, lines.values())), _RECORD * 10):
            producer.produce(
                [
                    OutputLine(CONVERSIONS.name, partition, b"\n".join(some), alone=True)
                    for partition, mine in lines.items()
                    for place in range(start, min(start + _RECORD * 10, len(mine)), _RECORD)
                    if (some := mine[place : place + _RECORD])
                ]
            )
        producer.close()


def _conversion(serial: int, referrer: str, at: datetime) -> ConversionCleared:
    return ConversionCleared(
        occurred_at=at,
        program=PROGRAM,
        id=f"cnv_{serial}",
        referral=f"ref_{serial}",
        person=f"psn_{serial}",
        referrer=referrer,
        version=1,
        evidence=Evidence(kind="code", touched_at=at, event=f"evt_{serial}", code="BENCH1", channel="wechat"),
    )


def _folding(fold: _Fold) -> Result:
    states: list[float] = []

    def plain(boards: int) -> float:
        people = [f"plain:psn_{next(_serial)}" for _ in range(_CONVERSIONS)]
        redis_before, began = redis_cpu(fold.world), time.process_time()
        _get_and_set(fold.redis, people, boards)
        spent = time.process_time() - began + redis_cpu(fold.world) - redis_before
        fold.redis.unlink(*(key for person in people for key in (person, *_entry_keys(person, boards))))
        return spent / _CONVERSIONS * 1e6

    def same_keys() -> float:
        states.append(plain(0))
        return plain(_BOARDS)

    for _ in range(2):  # worker and broker warm up
        fold.cpu_us(), same_keys()
    states.clear()
    ratio, ours, baseline = interleaved(fold.cpu_us, same_keys)
    meaning = (
        "board fold, CPU of worker and Redis a conversion on four boards, against pipelined GET of its state and SET "
        f"of it and of four entries ({ours / statistics.median(states):.2f} of GET + SET of its state alone)"
    )
    return Result(ratio, "≤ 1.0", ratio <= 1.0, baseline, ours, "µs CPU a conversion", meaning, {"per_s": fold.rate})


def _get_and_set(redis: "Redis", people: list[str], boards: int) -> None:
    """Reads a state of each person, then writes it and one value for each of so many boards; 100 people a pipeline."""
    for start in range(0, len(people), _RECORD):
        some = people[start : start + _RECORD]
        with redis.pipeline(transaction=False) as pipeline:
            for person in some:
                pipeline.get(person)
            pipeline.execute()
        with redis.pipeline(transaction=False) as pipeline:
            for person in some:
                pipeline.set(person, b"\0" * _TIMESTAMP_BYTES)
                for key in _entry_keys(person, boards):
                    pipeline.set(key, b"\0" * _SCORE_BYTES)
            pipeline.execute()


def _entry_keys(person: str, boards: int) -> list[str]:
    return [f"{person}:{board}" for board in range(boards)]


def _reading_while_folding(fold: _Fold, address: str) -> Result:
    """Reads of the first hundred of this month, one after the other, so that no read waits for another."""
    reads = [request("GET", f"{address}/v1/programs/{PROGRAM}/boards/referrals?period=month", headers=_headers())]

    def p99_ms() -> float:
        return run(address, reads * _READS, 1, b"200").percentile(0.99) * 1000

    def while_folding() -> float:
        with _steady_load(fold, 0.8 * fold.rate):
            return p99_ms()

    p99_ms()
    ratio, ours, baseline = interleaved(while_folding, p99_ms)
    meaning = (
        f"p99 of reading the first 100 of a board while {0.8 * fold.rate:,.0f} conversions/s are folded, against idle"
    )
    return Result(ratio, "≤ 8", ratio <= 8, baseline, ours, "ms", meaning)


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}


class _steady_load:  # noqa: N801 - a context manager, named as what it does
    """Appends conversions at a rate until the block ends; then waits until they are folded."""

    def __init__(self, fold: _Fold, rate: float) -> None:
        self._fold, self._rate, self._stopping = fold, rate, Event()
        self._batches = [fold.lines(1_000) for _ in range(20)]
        self._thread = Thread(target=self._append, daemon=True)

    def _append(self) -> None:
        began = time.monotonic()
        for number in count():
            if self._stopping.wait(max(0.0, began + number * 1_000 / self._rate - time.monotonic())):
                return
            self._fold.append(self._batches[number % len(self._batches)])

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._fold.until_folded()


def _ranks(world: World, redis: "Redis", people: Sequence[str]) -> dict[str, Result]:
    """The store's reads, without HTTP, against one command on one sorted set that has all members."""
    store = BoardStore(connect_for_http(world.settings), world.settings.partitions)
    board = board_name(PROGRAM, "referrals", "all")
    bare = "bare:board"
    everyone = [ranked.entry for ranked in store.top(board, _REFERRERS).entries]
    redis.zadd(bare, {entry.member: -entry.score for entry in everyone})
    members = [people[number * 7919 % len(people)] for number in range(_READS)]
    rank = _ratio(lambda one: store.around(PROGRAM, board, one, 5), lambda one: redis.zrevrank(bare, one), members)
    top = _ratio(lambda _: store.top(board, 100), lambda _: redis.zrevrange(bare, 0, 99, withscores=True), members)
    redis.delete(bare)
    return {
        "P9": _against(rank, "my rank and five entries on each side, of 5,000 in 8 partitions, against one ZREVRANK"),
        "P9b": _against(top, "the first 100 of 5,000 in 8 partitions, against one ZREVRANGE"),
    }


def _against(measured: tuple[float, float, float], meaning: str) -> Result:
    ratio, ours, baseline = measured
    return Result(ratio, "≤ 3", ratio <= 3, baseline, ours, "µs", meaning)


def _ratio(
    ours: Callable[[str], object], bare: Callable[[str], object], members: Sequence[str]
) -> tuple[float, float, float]:
    return interleaved(lambda: _median_us(ours, members), lambda: _median_us(bare, members))


def _median_us(read: Callable[[str], object], members: Sequence[str]) -> float:
    times = []
    for member in members:
        began = time.perf_counter()
        read(member)
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2] * 1e6


def _memory(world: World, redis: "Redis") -> Result:
    """Everything that the fold stores, divided by all entries of all boards."""
    used, entries = 0, 0
    for partition in range(world.settings.partitions):
        for key in redis.scan_iter(state_key(state_keys.SERVICE, state_keys.BOARDS, partition, "*"), count=1000):
            used += int(redis.memory_usage(key, samples=0) or 0)
            entries += int(redis.zcard(key)) if redis.type(key) == b"zset" else 0
    size = used / entries
    meaning = f"memory a member and board, of {entries:,} entries, with the timestamps behind them"
    return Result(size, "≤ 130 B", size <= 130, 130.0, size, "bytes", meaning)
