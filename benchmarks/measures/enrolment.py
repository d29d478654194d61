"""P18: people enrolled in batches of 1,000, durable, beside one person a request."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import count

import msgspec

from benchmarks.cpu import CpuMeter
from benchmarks.load import request, run
from benchmarks.results import Result, interleaved
from benchmarks.world import KEY, PROGRAM, World
from referral_tools.stack.stack import Stack

_BATCH, _BATCHES, _SINGLES = 1000, 10, 300
_CLIENTS = {"batches": 2, "singles": 16}
_GOAL = 10_000
_GIVEN_NAMES = ("Amy", "小美", "李雷", "Marie-Thérèse", "Zoë", "王芳", "John", "张伟")
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
_serial = count()


def measure(stack: Stack) -> dict[str, Result]:
    """P18, with the processor time of a person: service, directory, broker and Redis."""
    world = World(stack, "enrolment")
    world.fill_catalog(200)
    with (
        world.process("link_issuer", "directory") as (directory, _),
        world.process("link_issuer", "http") as (service, address),
    ):
        pids = {
            "service": service.pid,
            "directory": directory.pid,
            "kafka": stack.kafka_process.pid,
            "redis": stack.redis_process.pid,
        }
        spent: list[dict[str, float]] = []

        def rate(bodies: Sequence[bytes], people: int, clients: int) -> float:
            url = f"{address}/v1/programs/{PROGRAM}/participants"
            posts = [request("POST", url, body, _HEADERS) for body in bodies]
            meters = {name: CpuMeter([pid]) for name, pid in pids.items()}
            load = run(address, posts, clients, b"201")
            if load.failures:
                raise RuntimeError(f"{load.failures} of {len(posts)} enrolments failed")
            spent.append({name: meter.seconds() / people * 1e6 for name, meter in meters.items()})
            return people / load.seconds

        def in_batches() -> float:
            return rate(_batches(), _BATCH * _BATCHES, _CLIENTS["batches"])

        def one_by_one() -> float:
            return rate(_singles(), _SINGLES, _CLIENTS["singles"])

        in_batches(), one_by_one(), in_batches()  # all warm, the broker too
        spent.clear()
        _, ours, singles = interleaved(in_batches, one_by_one)
    cpu_us = _cost(spent)
    parts = ", ".join(f"{name} {us:.0f}" for name, us in cpu_us.items())
    meaning = f"people enrolled in batches of 1,000, beside one a request (µs CPU a person: {parts})"
    more = {f"{name}_cpu_us_a_person": round(us, 1) for name, us in cpu_us.items()}
    return {"P18": Result(ours, f"≥ {_GOAL:,}", ours >= _GOAL, singles, ours, "people/s", meaning, more)}


def _cost(spent: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """CPU of a person by process: the median of the cheaper half, since a person costs less in a batch than alone."""
    batches = sorted(spent, key=lambda one: sum(one.values()))[: len(spent) // 2]
    return {name: statistics.median(one[name] for one in batches) for name in batches[0]}


def _batches() -> list[bytes]:
    return [msgspec.json.encode({"participants": [_person() for _ in range(_BATCH)]}) for _ in range(_BATCHES)]


def _singles() -> list[bytes]:
    return [msgspec.json.encode(_person()) for _ in range(_SINGLES)]


def _person() -> dict[str, str]:
    """A person that no one has enrolled yet, with a name and a mention of their own."""
    number = next(_serial)
    name = f"{_GIVEN_NAMES[number % len(_GIVEN_NAMES)]} {number:x}"
    return {"external_id": f"xhs:e{number}", "display_name": name, "mention": f"@e{number}"}
