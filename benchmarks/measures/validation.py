"""P5: what the ingest does with an event (typed decode and every rule) against only `orjson.loads` of the same bytes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import orjson

from benchmarks.measures.events import event
from benchmarks.results import Result, interleaved
from conversion_tracker.ingest.program_terms import ProgramTerms
from conversion_tracker.ingest.validation import EventValidator
from referral.code_cipher import CodeCipher
from referral.key_ring import KeyRing
from referral.people.people_view import people_in_memory
from referral.people.pseudonyms import Pseudonyms
from referral.tokens import TokenSigner
from referral_tools.stack.stack import Stack

_EVENTS = 500
_TIMES = 200


def measure(_stack: Stack) -> dict[str, Result]:
    """P5, in this process: batches of 500 follows of people who are known."""
    lines = [msgspec.json.encode(event(number, number % 200)) for number in range(_EVENTS)]
    ring = KeyRing.parse("", "a signing key for benchmarks, long enough")
    inspector = EventValidator(
        TokenSigner(ring), Pseudonyms(ring), people_in_memory(), CodeCipher(ring), timedelta(seconds=300), 8192
    )
    now_ms = time.time_ns() // 1_000_000

    terms = ProgramTerms(datetime(2026, 1, 1, tzinfo=UTC), lambda _: True, lambda _: True)

    inspector.validate(lines, now_ms, lambda _: terms).people.confirm()  # afterwards the people are known

    def inspect() -> None:
        if inspector.validate(lines, now_ms, lambda _: terms).rejected:
            raise RuntimeError("an event of the measurement was refused")

    def load() -> None:
        for line in lines:
            orjson.loads(line)

    ratio, ours, baseline = interleaved(lambda: _cpu_us(inspect), lambda: _cpu_us(load))
    meaning = "validation of an event, typed decode and rules, against orjson.loads alone"
    return {"P5": Result(ratio, "≤ 3", ratio <= 3, baseline, ours, "µs CPU an event", meaning)}


def _cpu_us(work: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(_TIMES):
        work()
    return (time.process_time() - began) / _TIMES / _EVENTS * 1e6
