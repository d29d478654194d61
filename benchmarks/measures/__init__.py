"""One measurement a file; `MEASURES` is the table of them, by the goals that each answers."""

from collections.abc import Callable

from benchmarks.measures import attribute, freshness, ingest, redirect, validation
from benchmarks.results import Result
from referral_tools.stack.stack import Stack

MEASURES: dict[tuple[str, ...], Callable[[Stack], dict[str, Result]]] = {
    ("P1", "P2"): redirect.measure,
    ("P3", "P4"): ingest.measure,
    ("P5",): validation.measure,
    ("P6",): attribute.measure,
    ("P10",): freshness.measure,
}
