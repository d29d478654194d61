"""P6: the attribute fold, all processor time of worker and Redis, against pipelined GET and SET of the same keys.

The baseline does nothing but read and write values of the same size, 100 keys a pipeline: no decoding, no judgement, no outputs,
no exactly-once.
"""

import time
from itertools import count

import msgspec
from redis import Redis

from benchmarks.cpu import CpuMeter
from benchmarks.measures.events import event
from benchmarks.results import Result, interleaved
from benchmarks.world import PROGRAM, World, redis_cpu, until
from referral.clock import SystemClock
from referral.events.keys import person_key
from referral.fold.lag import FoldSource, lag_by_fold
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from referral.topics import partition_of
from referral_tools.stack.stack import Stack

_EVENTS = 40_000
_RECORD = 100
_FOLD = FoldSource("ct", "attribute", "events")
_serial = count()


def measure(stack: Stack) -> dict[str, Result]:
    """P6."""
    world = World(stack, "attribute")
    world.fill_catalog(200)
    consumer = world.consumer()
    redis = Redis.from_url(world.settings.redis)
    sizes: list[int] = []

    with world.process("conversion_tracker", "fold", "attribute") as (worker, _):

        def fold() -> float:
            lines = _lines(world, f"a{next(_serial)}-")
            meter, redis_before = CpuMeter([worker.pid]), redis_cpu(world)
            _append(world, lines)
            until(lambda: not lag_by_fold(world.settings, consumer, redis, [_FOLD])["attribute"])
            spent = (meter.seconds() + redis_cpu(world) - redis_before) / _EVENTS * 1e6
            sizes.append(len(redis.get(_some_key(redis)) or b""))
            return spent

        def plain() -> float:
            keys = [f"plain:person:prg_bench|psn_{next(_serial)}-{number}" for number in range(_EVENTS)]
            redis_before, began = redis_cpu(world), time.process_time()
            _get_and_set(redis, keys, b"x" * sizes[-1])
            return (time.process_time() - began + redis_cpu(world) - redis_before) / _EVENTS * 1e6

        for _ in range(2):  # worker and broker warm up; the size of a state is known
            fold(), plain()
        ratio, ours, baseline = interleaved(fold, plain)
    consumer.close()
    meaning = "attribute fold, CPU of worker and Redis an event, against pipelined GET + SET"
    more = {"state_bytes": sizes[-1]}
    return {"P6": Result(ratio, "≤ 1.5", ratio <= 1.5, baseline, ours, "µs CPU an event", meaning, more)}


def _lines(world: World, salt: str) -> dict[int, list[bytes]]:
    by_partition: dict[int, list[bytes]] = {}
    for number in range(_EVENTS):
        one = event(number, number % 200, salt)
        one["person"] = world.pseudonyms.person_id(PROGRAM, str(one["person"]))
        partition = partition_of(person_key(one["program"], one["person"]), world.settings.partitions)
        by_partition.setdefault(partition, []).append(msgspec.json.encode(one))
    return by_partition


def _append(world: World, lines: dict[int, list[bytes]]) -> None:
    """Writes records of 100 lines, as batches of clients make them."""
    producer = KafkaFoldProducer(world.settings, SystemClock())
    for start in range(0, _EVENTS, _RECORD * 10):
        output_lines = [
            OutputLine("events", partition, b"\n".join(some), alone=True)
            for partition, mine in lines.items()
            for place in range(start, min(start + _RECORD * 10, len(mine)), _RECORD)
            if (some := mine[place : place + _RECORD])
        ]
        producer.produce(output_lines)
    producer.close()


def _get_and_set(redis: "Redis", keys: list[str], value: bytes) -> None:
    for start in range(0, len(keys), 100):
        some = keys[start : start + 100]
        with redis.pipeline(transaction=False) as pipeline:
            for key in some:
                pipeline.get(key)
            pipeline.execute()
        with redis.pipeline(transaction=False) as pipeline:
            for key in some:
                pipeline.set(key, value)
            pipeline.execute()


def _some_key(redis: "Redis") -> bytes:
    return next(iter(redis.scan_iter("ct:{attribute-*}:person:*", count=1000)))
