"""Idle watchers of live streams at one process of leaderboard: memory and processor time of each, and how fast a change arrives.

    python -m benchmarks.live_watchers [--watchers 5000] [--quiet-s 30] [--changes 20]

Starts a broker, Redis and the HTTP service of leaderboard with its server of live streams, and opens the streams over loopback from
this process. The delay is from the acknowledgement of the line by the broker to the bytes at each watcher.
"""

import argparse
import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from benchmarks.cpu import CpuMeter, family
from referral.catalog.writer import CatalogWriter
from referral.clock import clock_from
from referral.config import Settings
from referral.events.attributions import ReferralUnattributed, attribution_key
from referral.events.entities import ProgramVersion
from referral.events.program import Program
from referral.log.publisher import Publisher
from referral.log.topic_admin import ensure_topics
from referral.topics import ATTRIBUTIONS
from referral_tools.development_key import write_development_key
from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import Process
from referral_tools.stack.stack import Stack
from referral_tools.system import is_reachable

PROGRAM = "prg_bench"
_encode = msgspec.json.Encoder().encode


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=5000)
    parser.add_argument("--quiet-s", type=float, default=30)
    parser.add_argument("--changes", type=int, default=20)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        stack = Stack(home)
        stack.start()
        try:
            _measure(stack, home, arguments)
        finally:
            stack.stop()


def _measure(stack: Stack, home: Path, arguments: argparse.Namespace) -> None:
    port, live_port = free_ports(2)
    environ = {
        **stack.environ(),
        "REFERRAL_SIGNING_KEY": "b" * 48,
        "REFERRAL_DIRECTORY": "memory",
        "REFERRAL_HTTP_PORT": str(port),
        "REFERRAL_LIVE_PORT": str(live_port),
        "REFERRAL_LIVE_STREAMS": str(2 * arguments.watchers),
        "REFERRAL_LIVE_STREAMS_PER_CLIENT": str(2 * arguments.watchers),
        "REFERRAL_RATE_LIMIT": "1000000/minute",
        "REFERRAL_ACK_TIMEOUT_MS": "30000",
    }
    settings = Settings.from_env({**os.environ, **environ})
    ensure_topics(settings)
    secret = write_development_key(settings, home, "bench")
    now, program = (
        datetime.now(UTC),
        Program(
            id=PROGRAM,
            name={"en": "Bench"},
            timezone="Asia/Shanghai",
            target_url="https://example.com",
            channels=("web",),
        ),
    )
    writer = CatalogWriter(settings, clock_from(settings.clock))
    list(writer.write([ProgramVersion(recorded_at=now, program=program, version=1, effective_from=now)]))
    writer.close()
    service = Process("leaderboard", [sys.executable, "-m", "leaderboard", "http"], home / "leaderboard.log", environ)
    service.start().wait_healthy(lambda: is_reachable(f"http://127.0.0.1:{port}/readyz"), 60)
    try:
        worker = max(family(service.pid), key=lambda one: one.memory_info().rss)
        asyncio.run(_watch(settings, live_port, secret, worker, arguments))
    finally:
        service.terminate()


async def _watch(
    settings: Settings, port: int, secret: str, worker: psutil.Process, arguments: argparse.Namespace
) -> None:
    before, began, meter = _memory(worker), time.perf_counter(), CpuMeter([worker.pid])
    readers = []
    for start in range(0, arguments.watchers, 100):
        count = min(100, arguments.watchers - start)
        readers += await asyncio.gather(*(_open(port, secret) for _ in range(count)))
    print(
        f"{len(readers)} streams opened in {time.perf_counter() - began:.1f} s, {meter.seconds():.1f} s of processor time"
    )
    arrived: list[float] = []
    tasks = [asyncio.ensure_future(_read(reader, arrived)) for reader, _ in readers]
    await asyncio.sleep(5)
    memory, meter, began = _memory(worker), CpuMeter([worker.pid]), time.perf_counter()
    print(
        f"memory (RSS) {before / 1e6:.0f} -> {memory / 1e6:.0f} MB: {(memory - before) / len(readers) / 1e3:.1f} kB a watcher"
    )
    await asyncio.sleep(arguments.quiet_s)
    print(f"at rest, heartbeats included: {meter.seconds() / (time.perf_counter() - began):.2%} of a core")
    publisher, delays, meter = Publisher(settings), [], CpuMeter([worker.pid])
    for number in range(arguments.changes):
        arrived.clear()
        await asyncio.to_thread(_publish, publisher, number)
        acknowledged = time.perf_counter()
        while len(arrived) < len(readers):
            await asyncio.sleep(0.005)
        delays.append(sorted(at - acknowledged for at in arrived))
        await asyncio.sleep(0.6)
    print(
        f"{meter.seconds() / arguments.changes * 1e6 / len(readers):.0f} us of processor time for a watcher and change"
    )
    count = len(readers)
    for name, index in (("first", 0), ("median", count // 2), ("99th of 100", count * 99 // 100), ("last", count - 1)):
        delay = statistics.median(one[index] for one in delays)
        print(f"delay of the {name} watcher: {delay * 1e3:.0f} ms (median of {len(delays)} changes)")
    publisher.close()
    for task in tasks:
        task.cancel()


async def _open(port: int, secret: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    request = f"GET /v1/programs/{PROGRAM}/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n"
    writer.write(request.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    return reader, writer


async def _read(reader: asyncio.StreamReader, arrived: list[float]) -> None:
    while data := await reader.read(4096):
        arrived += [time.perf_counter()] * data.count(b"event: change")


def _publish(publisher: Publisher, number: int) -> None:
    line = ReferralUnattributed(
        occurred_at=datetime.now(UTC), program=PROGRAM, person=f"psn_{number}", reason="no_evidence"
    )
    publisher.publish(ATTRIBUTIONS, [(attribution_key(line), _encode(line))])


def _memory(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


if __name__ == "__main__":
    main()
