"""P16c and P16d: what reading the directory costs a redirect and an event, against a copy in the process's own memory."""

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.cpu import CpuMeter
from benchmarks.load import request, run
from benchmarks.measures.events import event, posting
from benchmarks.results import Result, interleaved
from benchmarks.world import World
from referral_tools.stack.process import Process
from referral_tools.stack.stack import Stack

_PARTICIPANTS = 200
_REDIRECTS = 20_000  # a processor second: its clock ticks every 10 ms
_BATCH, _BATCHES = 500, 120
_ROUNDS = 15  # single ones differ by a tenth, and the goal is a twentieth

Server = tuple[Process, str]


def measure(stack: Stack) -> dict[str, Result]:
    """CPU of the server for each redirect and each event, interleaved; the directory's own process writes it."""
    world = World(stack, "reading")
    world.fill_catalog(_PARTICIPANTS)
    with world.process("link_issuer", "directory"):
        return {
            "P16c": _compare(world, "link_issuer", _redirects, "a redirect with the directory against memory"),
            "P16d": _compare(world, "conversion_tracker", _events, "an event with the directory against memory"),
        }


def _compare(world: World, module: str, cost: Callable[[Server, str], float], meaning: str) -> Result:
    with ExitStack() as stack:
        ours = stack.enter_context(world.process(module, "http"))
        memory = stack.enter_context(world.process(module, "http", environ={"REFERRAL_DIRECTORY": "memory"}))
        numbers = iter(range(1000))

        def spent(server: Server) -> float:
            return cost(server, f"r{next(numbers)}")

        spent(ours), spent(memory)  # the first requests warm both up
        ratio, directory_us, memory_us = interleaved(lambda: spent(ours), lambda: spent(memory), _ROUNDS)
    return Result(ratio, "≤ 1.05", ratio <= 1.05, memory_us, directory_us, "µs CPU", meaning)


def _redirects(server: Server, _salt: str) -> float:
    process, address = server
    requests = [request("GET", f"{address}/BENCH{number % _PARTICIPANTS}") for number in range(_REDIRECTS)]
    return _cpu_us(process, address, requests, 16, b"302") / _REDIRECTS


def _events(server: Server, salt: str) -> float:
    process, address = server
    posts = [
        posting(address, [event(batch * _BATCH + number, number % _PARTICIPANTS, salt) for number in range(_BATCH)])
        for batch in range(_BATCHES)
    ]
    return _cpu_us(process, address, posts, 4, b"202") / (_BATCHES * _BATCH)


def _cpu_us(process: Process, address: str, requests: list[bytes], clients: int, expected: bytes) -> float:
    meter = CpuMeter([process.pid])
    load = run(address, requests, clients, expected)
    if load.failures:
        raise RuntimeError(f"{load.failures} of {len(requests)} requests failed")
    return meter.seconds() * 1e6
