"""P1: a redirect (cached code, signed token, click enqueued) against a bare Flask 302 on the same server."""

from benchmarks.load import request, run
from benchmarks.results import Result, interleaved
from benchmarks.world import World
from referral_tools.stack.stack import Stack

_REQUESTS = 6000
_CLIENTS = 16


def measure(stack: Stack) -> dict[str, Result]:
    """P1, with P2's percentiles beside it."""
    world = World(stack, "redirect")
    world.fill_catalog(200)
    bare = world.process("benchmarks.baselines.bare_flask")
    with world.process("link_issuer", "http") as (_, ours_at), bare as (_, bare_at):
        p99: dict[str, list[float]] = {ours_at: [], bare_at: []}

        def rate(address: str) -> float:
            requests = [request("GET", f"{address}/BENCH{number % 200}") for number in range(_REQUESTS)]
            load = run(address, requests, _CLIENTS, b"302")
            if load.failures:
                raise RuntimeError(f"{load.failures} of {_REQUESTS} redirects failed")
            p99[address].append(load.percentile(0.99))
            return load.rate

        rate(ours_at), rate(bare_at)  # the first requests warm both up
        ratio, ours, baseline = interleaved(lambda: rate(ours_at), lambda: rate(bare_at))
    slower = sorted(p99[ours_at])[2] / sorted(p99[bare_at])[2]
    return {
        "P1": Result(ratio, "≥ 0.80", ratio >= 0.80, baseline, ours, "requests/s", "redirect against a bare Flask 302"),
        "P2": Result(
            slower,
            "≤ 1.5",
            slower <= 1.5,
            sorted(p99[bare_at])[2] * 1000,
            sorted(p99[ours_at])[2] * 1000,
            "ms",
            "its p99 against the bare one's",
        ),
    }
