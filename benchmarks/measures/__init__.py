"""One measurement a file; `MEASURES` and `SYSTEM_MEASURES` are the tables of them, by the goals that each answers."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.measures import (
    attribute,
    boards,
    code_pools,
    directory,
    directory_reading,
    enrolment,
    freshness,
    ingest,
    redirect,
    validation,
    webhook_isolation,
    whole_system,
)
from benchmarks.results import Result
from referral_tools.stack.stack import Stack

MEASURES: dict[tuple[str, ...], Callable[[Stack], dict[str, Result]]] = {
    ("P1", "P2"): redirect.measure,
    ("P3", "P4"): ingest.measure,
    ("P5",): validation.measure,
    ("P6",): attribute.measure,
    ("P7", "P8", "P9", "P12"): boards.measure,
    ("P10",): freshness.measure,
    ("P16",): directory.measure,
    ("P16c", "P16d"): directory_reading.measure,
    ("P18",): enrolment.measure,
    ("P19", "P19b"): code_pools.measure,
    ("P21",): webhook_isolation.measure,
}
SYSTEM_MEASURES: dict[tuple[str, ...], Callable[[Path], dict[str, Result]]] = {("P15", "P17"): whole_system.measure}
"""They start a system of their own, with a broker and a Redis, while nothing else runs. Each gets the folder for its data."""
