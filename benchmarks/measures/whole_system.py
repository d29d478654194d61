"""P15 and P17: `referral run` with all its processes, the broker and Redis included, at work and at rest.

A referral is a follow with the code of one of 1,000 referrers, posted in batches of 500: attributed, screened, counted on the
boards and in the growth figures, and rewarded on both sides by the rewards of the example program. The goal is about these parts;
the three messages to promoters that each referral leads to are measured beside it.
"""

import statistics
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer
from msgspec.structs import replace
from redis import Redis

from benchmarks.load import run
from benchmarks.measures.events import event, posting
from benchmarks.results import Result
from benchmarks.running_system import ByProcess, MeasuredSystem, difference, running_system
from benchmarks.world import PROGRAM, add_version, fill_catalog, until
from referral.events.program import Program
from referral.events.screening import VelocityPerMinute
from referral.fold.lag import FOLDS, lag_by_fold
from referral_tools.commands.program_file import load_program_file

_EXAMPLE = Path("examples/programs/glow.yaml")
_REFERRERS = 1000
_REFERRALS = 40_000
_BATCH = 500
_CLIENTS = 4
_ROUNDS = 3
_SETTLE_S = 60  # after the start, before a minute counts as quiet: the JVM compiles
_QUIET_S = 60
_BASE_S = 20  # of rest before the rounds, whose rate is subtracted from them
_MOST_IDLE, _MOST_MB = 0.10, 900
_MOST_US, _LEAST_RATE = 250, 5000
_serial = count()


def measure(home: Path) -> dict[str, Result]:
    """P17 first: what the system holds then is what it holds after its start."""
    with running_system(home / "whole-system") as system:
        program = _program()
        fill_catalog(system.settings, _REFERRERS, replace(program, messages=None))
        idle, memory = _rest(system)
        return {"P15": _referrals(system, program), "P17": _at_rest(idle, memory)}


def _program() -> Program:
    """The example program, which does not limit how many follow in a minute: a load brings more than friends can be."""
    _, _, example = load_program_file(_EXAMPLE, advise=False)
    screening = replace(example.screening, velocity_per_minute=VelocityPerMinute(action="ignore"))
    return replace(example, id=PROGRAM, screening=screening)


def _rest(system: MeasuredSystem) -> tuple[ByProcess, ByProcess]:
    """Each process' share of a core over a quiet minute, and its memory after it."""
    time.sleep(_SETTLE_S)
    return _share_of_core(system, _QUIET_S), system.memory_mb()


def _share_of_core(system: MeasuredSystem, seconds: float) -> ByProcess:
    """Each process' processor seconds a second, while nothing is sent to the system."""
    before, began = system.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    spent, elapsed = difference(system.cpu_seconds(), before), time.monotonic() - began
    return {name: one / elapsed for name, one in spent.items()}


def _at_rest(idle: ByProcess, memory: ByProcess) -> Result:
    share, megabytes = sum(idle.values()), sum(memory.values())
    met = share <= _MOST_IDLE and megabytes <= _MOST_MB
    meaning = f"the whole system at rest, share of a core over {_QUIET_S} s; memory {megabytes:,.0f} MB (PSS)"
    more = _rows("cpu_percent", {name: 100 * one for name, one in idle.items()}) | _rows("memory_mb", memory)
    goal = f"≤ {100 * _MOST_IDLE:.0f} %, ≤ {_MOST_MB} MB"
    return Result(100 * share, goal, met, 100 * _MOST_IDLE, 100 * share, "% of a core", meaning, more)


class _Cost(NamedTuple):
    """Of a referral: each process' µs of processor time above idle, the sum, and how many a second pass from end to end."""

    by_process: ByProcess
    total: float
    rate: float


def _referrals(system: MeasuredSystem, with_messages: Program) -> Result:
    """The program as it is, then its version with messages."""
    plain = _cost(system)
    add_version(system.settings, with_messages, 2)
    messages = _cost(system)
    meaning = (
        f"one referral through the whole system, CPU above idle ({plain.rate:,.0f} referrals/s end to end; with three"
        f" messages to promoters {messages.total:.0f} µs, {messages.rate:,.0f}/s)"
    )
    more = {"referrals_per_s": round(plain.rate), "cpu_us_with_messages": round(messages.total)}
    return Result(
        plain.total,
        f"≤ {_MOST_US} µs, ≥ {_LEAST_RATE:,}/s",
        plain.total <= _MOST_US and plain.rate >= _LEAST_RATE,
        float(_MOST_US),
        plain.total,
        "µs CPU a referral",
        meaning,
        _rows("cpu_us", plain.by_process) | more,
    )


def _cost(system: MeasuredSystem) -> _Cost:
    """The median round of those after one that warms up."""
    consumer, redis = (
        KafkaConsumer(bootstrap_servers=system.settings.kafka, enable_auto_commit=False),
        Redis.from_url(system.settings.redis),
    )
    _round(system, consumer, redis)
    idle = _share_of_core(system, _BASE_S)
    rounds = [_round(system, consumer, redis) for _ in range(_ROUNDS)]
    consumer.close()
    redis.close()
    above = [{name: one - idle.get(name, 0) * seconds for name, one in spent.items()} for spent, seconds in rounds]
    return _Cost(
        {name: statistics.median(one.get(name, 0) for one in above) / _REFERRALS * 1e6 for name in above[-1]},
        statistics.median(sum(one.values()) for one in above) / _REFERRALS * 1e6,
        _REFERRALS / statistics.median(seconds for _, seconds in rounds),
    )


def _round(system: MeasuredSystem, consumer: KafkaConsumer, redis: Redis) -> tuple[ByProcess, float]:
    """Posts the referrals and waits for the last fold: what each process spent in it, seconds, and how long it took."""
    salt = f"w{next(_serial)}-"
    posts = [
        posting(system.running.front, [event(number, number % _REFERRERS, salt) for number in numbers])
        for numbers in _batches(_REFERRALS)
    ]
    before, began = system.cpu_seconds(), time.monotonic()
    load = run(system.running.front, posts, _CLIENTS, b"202")
    if load.failures:
        raise RuntimeError(f"{load.failures} of {len(posts)} posts failed")
    _await_folds(system, consumer, redis)
    return difference(system.cpu_seconds(), before), time.monotonic() - began


def _await_folds(system: MeasuredSystem, consumer: KafkaConsumer, redis: Redis) -> None:
    """Returns once every fold is at the end of its topic; looks at one fold at a time, which costs the system little."""
    for one in (*FOLDS, *FOLDS):
        until(lambda one=one: not any(lag_by_fold(system.settings, consumer, redis, [one]).values()))


def _batches(most: int) -> Sequence[range]:
    return [range(start, start + _BATCH) for start in range(0, most, _BATCH)]


def _rows(figure: str, values: ByProcess) -> dict[str, float | str]:
    """For the results: the figure of each process, the largest first."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    return {f"{figure}: {name}": round(value, 2) for name, value in ordered}
