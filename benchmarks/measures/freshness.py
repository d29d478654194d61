"""P10: from a post to the board, at 2,000 events a second, through all four topics and folds."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx

from benchmarks.measures.events import event
from benchmarks.results import Result
from benchmarks.world import KEY, PROGRAM, World
from referral_tools.stack.stack import Stack

_RATE = 2000
_BATCH = 50
_SAMPLES = 300
_WARM_UP = 60  # samples before that: the broker's JIT settles
_PAUSE_S = 0.005  # between two looks: one that never rests takes a core from what it measures
_FOLDS = (("conversion_tracker", "attribute"), ("conversion_tracker", "screen"), ("leaderboard", "boards"))


def measure(stack: Stack) -> dict[str, Result]:
    """P10. The sampled posts are single events; the load beside them comes in batches of 50."""
    world = World(stack, "freshness")
    world.fill_catalog(1000)
    with ExitStack() as running:
        for module, fold in _FOLDS:
            running.enter_context(world.process(module, "fold", fold))
        _, ingest = running.enter_context(world.process("conversion_tracker", "http"))
        _, board = running.enter_context(world.process("leaderboard", "http"))
        with _load(ingest) as sent:
            delays = sorted(list(_delays(ingest, board))[_WARM_UP:])
        rate = sent()
    p99, median = delays[int(len(delays) * 0.99)], delays[len(delays) // 2]
    meaning = f"post → visible on the board at {rate:,.0f} events/s, p99 (median {median:.0f} ms)"
    return {
        "P10": Result(
            p99, "≤ 200", p99 <= 200, 200.0, p99, "ms", meaning, {"median_ms": round(median, 1), "samples": len(delays)}
        )
    }


@contextmanager
def _load(ingest: str) -> Iterator[Callable[[], float]]:
    """Posts batches at the rate until the block ends; yields a function that returns the rate reached."""
    stopping = threading.Event()
    counted = [0, time.monotonic(), 0.0]

    def post() -> None:
        http = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
        begun = time.monotonic()
        for number in range(10**9):
            if stopping.wait(max(0.0, begun + number * _BATCH / _RATE - time.monotonic())):
                break
            batch = [event(number * _BATCH + i, i % 900, "load-") for i in range(_BATCH)]
            http.post(f"{ingest}/v1/events", json=batch).raise_for_status()
            counted[0] += _BATCH
        counted[2] = time.monotonic() - counted[1]
        http.close()

    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    try:
        yield lambda: counted[0] / counted[2]
    finally:
        stopping.set()
        thread.join()


def _delays(ingest: str, board: str) -> Iterator[float]:
    """Milliseconds from the moment a follow is posted until its referrer's rank shows it."""
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}) as http:
        for number in range(_WARM_UP + _SAMPLES):
            referrer = 900 + number % 100
            before = _score(http, board, referrer)
            posted = time.monotonic()
            http.post(f"{ingest}/v1/events", json=event(number, referrer, "sample-")).raise_for_status()
            while _score(http, board, referrer) == before:
                if time.monotonic() - posted > 30:
                    raise TimeoutError("a post was not on the board within 30 s")
                time.sleep(_PAUSE_S)
            yield (time.monotonic() - posted) * 1000


def _score(http: httpx.Client, board: str, referrer: int) -> int:
    answer = http.get(
        f"{board}/v1/programs/{PROGRAM}/boards/referrals/people/xhs:p{referrer}", params={"period": "all"}
    )
    if answer.status_code == 404:
        return 0
    return int(answer.raise_for_status().json()["score"])
