"""P19: a pool of 1,000,000 codes is uploaded by one request, and the next 100,000 codes cost what the first of a program do."""

import time
from collections.abc import Callable, Mapping
from itertools import count

import httpx
from msgspec.structs import replace
from redis import Redis

from benchmarks.cpu import CpuMeter
from benchmarks.results import Result, interleaved
from benchmarks.world import BENCH_PROGRAM, KEY, World, fill_catalog
from referral_tools.stack.stack import Stack

_CODES, _PART, _ROUNDS = 1_000_000, 100_000, 3
_GOAL_S, _GOAL_RATIO = 60, 1.2
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "text/plain"}
_SPREAD = 0x9E3779B1  # odd, so that numbers below 2^32 stay different
_numbers = count()


def measure(stack: Stack) -> dict[str, Result]:
    """P19 and P19b: the time of one upload, and the processor time of 100,000 codes after a million, beside a new program's."""
    world = World(stack, "pools")
    for number in range(_ROUNDS + 2):
        fill_catalog(world.settings, 0, replace(BENCH_PROGRAM, id=f"prg_bench{number}"))
    with (
        world.process("reward_dispatcher", "fold", "pools") as (fold, _),
        world.process("reward_dispatcher", "http") as (service, address),
        httpx.Client(base_url=address, headers=_HEADERS, timeout=600) as client,
    ):
        pids = {
            "service": service.pid,
            "fold": fold.pid,
            "kafka": stack.kafka_process.pid,
            "redis": stack.redis_process.pid,
        }
        _upload(client, 0, _PART)  # warm
        before = _redis_bytes(world)
        seconds, cpu = _cost(pids, lambda: _upload(client, 1, _CODES))
        bytes_a_code = (_redis_bytes(world) - before) / _CODES
        fresh = iter(range(2, _ROUNDS + 2))

        def cpu_of_a_part(program: int) -> float:
            return sum(_cost(pids, lambda: _upload(client, program, _PART))[1].values()) / _PART * 1e6

        ratio, last, first = interleaved(lambda: cpu_of_a_part(1), lambda: cpu_of_a_part(next(fresh)), _ROUNDS)
    return _results(
        seconds, {name: spent / _CODES * 1e6 for name, spent in cpu.items()}, bytes_a_code, (ratio, last, first)
    )


def _results(
    seconds: float, cpu_us: Mapping[str, float], bytes_a_code: float, parts: tuple[float, float, float]
) -> dict[str, Result]:
    shown = ", ".join(f"{name} {us:.0f}" for name, us in cpu_us.items())
    more: dict[str, float | str] = {f"{name}_cpu_us_a_code": round(us, 1) for name, us in cpu_us.items()}
    more["redis_bytes_a_code"] = round(bytes_a_code)
    meaning = f"one upload of 1,000,000 codes (µs CPU a code: {shown}; {bytes_a_code:.0f} bytes a code in Redis)"
    whole = Result(seconds, f"≤ {_GOAL_S}", seconds <= _GOAL_S, _GOAL_S, seconds, "s", meaning, more)
    ratio, last, first = parts
    meaning = "100,000 codes after the first 1,000,000 of a program, beside the first 100,000 of others"
    return {
        "P19": whole,
        "P19b": Result(ratio, f"≤ {_GOAL_RATIO}", ratio <= _GOAL_RATIO, first, last, "µs CPU a code", meaning),
    }


def _cost(pids: Mapping[str, int], call: Callable[[], None]) -> tuple[float, dict[str, float]]:
    """Seconds, and the processor time by process."""
    meters = {name: CpuMeter([pid]) for name, pid in pids.items()}
    began = time.monotonic()
    call()
    return time.monotonic() - began, {name: meter.seconds() for name, meter in meters.items()}


def _upload(client: httpx.Client, program: int, count: int) -> None:
    """Uploads so many codes that no pool has."""
    body = "".join(f"GLOW-{next(_numbers) * _SPREAD % 2**32:08X}\n" for _ in range(count))
    answer = client.put(f"/v1/programs/prg_bench{program}/pools/vip/codes", content=body.encode())
    if answer.status_code != 200 or answer.json()["accepted"] != count:
        raise RuntimeError(f"an upload was not accepted: {answer.status_code} {answer.text[:500]}")


def _redis_bytes(world: World) -> int:
    with Redis.from_url(world.settings.redis) as client:
        return int(client.info("memory")["used_memory"])
