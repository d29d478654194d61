"""P16: memory that a participant takes on a host, and how much longer a system with a million of them takes to start."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from redis import Redis

from benchmarks.cpu import family
from benchmarks.results import Result
from benchmarks.world import KEY, PROGRAM, World
from referral_tools.stack.stack import Stack
from referral_tools.system import DIRECTORY, TABLE

_PARTICIPANTS = int(os.environ.get("BENCH_PARTICIPANTS", "1000000"))
_PORTION = 20_000
_ENROLLED = 5_000  # through the API, for what an enrolment leaves in Redis
_ROUNDS = 3


def measure(stack: Stack) -> dict[str, Result]:
    """P16, and P16b for the start."""
    empty, full = World(stack, "empty"), World(stack, "directory")
    empty.fill_catalog(1)
    lasting, reserved = _redis_bytes_of_an_enrolment(empty)
    for first in range(0, _PARTICIPANTS, _PORTION):
        full.fill_catalog(min(_PORTION, _PARTICIPANTS - first), first)
    with full.process("link_issuer", "directory"):  # the file is built once; a start resumes it
        pass
    starts: dict[World, list[float]] = {empty: [], full: []}
    memory: dict[World, list[float]] = {empty: [], full: []}
    for number in range(_ROUNDS):
        for world in (empty, full) if number % 2 == 0 else (full, empty):
            began = time.monotonic()
            with _system(world) as pids:
                starts[world].append(time.monotonic() - began)
                memory[world].append(sum(map(_anonymous_bytes, pids)) + _file_bytes(world))
    full_bytes, empty_bytes = statistics.median(memory[full]), statistics.median(memory[empty])
    each = (full_bytes - empty_bytes) / _PARTICIPANTS + lasting
    longer = statistics.median(one - other for one, other in zip(starts[full], starts[empty], strict=True))
    more: dict[str, float | str] = {
        "participants": _PARTICIPANTS,
        "file_bytes": _file_bytes(full),
        "redis_bytes": lasting,
        "redis_bytes_for_ten_minutes": reserved,
    }
    return {
        "P16": Result(
            each,
            "≤ 1,200",
            each <= 1200,
            empty_bytes / 1e6,
            full_bytes / 1e6,
            "MB",
            "bytes a participant on a host",
            more,
        ),
        "P16b": Result(
            longer,
            "≤ 3",
            longer <= 3,
            statistics.median(starts[empty]),
            statistics.median(starts[full]),
            "s",
            f"start with {_PARTICIPANTS:,} participants, longer than empty",
        ),
    }


@contextmanager
def _system(world: World) -> Iterator[list[int]]:
    """All processes of a system, started at once and ready. Yields their process ids."""
    with ExitStack() as stack:
        processes = [world.start(stack, row.module, *row.words) for row in (DIRECTORY, *TABLE)]
        for process, address in processes:
            world.await_ready(process, address)
        yield [member.pid for process, _ in processes for member in family(process.pid)]


def _redis_bytes_of_an_enrolment(world: World) -> tuple[float, float]:
    """What an enrolment leaves in Redis: for good, and until its reservations expire ten minutes later."""
    with world.process("link_issuer", "http") as (_, address), Redis.from_url(world.settings.redis) as redis:
        client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=60)
        before = _used_memory(redis)
        for first in range(0, _ENROLLED, 500):
            people = [
                {"external_id": f"xhs:enrolled{number}", "display_name": "Amy"} for number in range(first, first + 500)
            ]
            answer = client.post(f"{address}/v1/programs/{PROGRAM}/participants", json={"participants": people})
            if answer.status_code >= 300:
                raise RuntimeError(f"enrolment failed: {answer.status_code} {answer.text[:200]}")
        lasting = sum(redis.memory_usage(key) or 0 for key in redis.scan_iter(count=1000) if redis.ttl(key) == -1)
        return lasting / _ENROLLED, (_used_memory(redis) - before) / _ENROLLED


def _used_memory(redis: "Redis") -> int:
    return int(redis.info("memory")["used_memory"])


def _anonymous_bytes(pid: int) -> float:
    """Memory of a process that belongs to it alone and is no file: the directory's pages are counted once, as its file."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def _file_bytes(world: World) -> float:
    return float(sum(path.stat().st_blocks * 512 for path in Path(world.settings.directory).glob("*.mdb*")))
