"""The table of all metrics: name, kind, labels, meaning. `docs/metrics.md` is made from it, dashboards and alerts use no other.

Prometheus objects are made when first asked for. That matters: an HTTP server with several processes sets
PROMETHEUS_MULTIPROC_DIR before they start, and the client looks at it when the first object is made.
"""

from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Literal, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from referral import __version__

Kind = Literal["counter", "gauge", "histogram"]
Metric = Counter | Gauge | Histogram
Made = TypeVar("Made", Counter, Gauge, Histogram)

_HTTP = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STEP = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric: its name without `referral_` before and `_total` behind, what it is, its labels; a histogram's buckets;
    how the gauges of several processes become one.
    """

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    multiprocess_mode: Literal["livemax", "livesum"] = "livemax"

    @property
    def full_name(self) -> str:
        """The name that Prometheus shows."""
        return f"referral_{self.name}" + ("_total" if self.kind == "counter" else "")


ROWS = (
    # HTTP services
    MetricRow("http_requests", "counter", "Requests answered.", ("service", "route", "method", "status")),
    MetricRow("http_seconds", "histogram", "Time to answer, seconds.", ("service", "route"), _HTTP),
    MetricRow("redirects", "counter", "Answers of the redirect: sent on, or why not.", ("outcome",)),
    MetricRow("ingest_accepted", "counter", "Events accepted: durable on the log."),
    MetricRow("ingest_rejected", "counter", "Events refused at the door, by problem code.", ("code",)),
    MetricRow(
        "adapter_passed_over",
        "counter",
        "Callbacks of a platform that were answered and not kept: messages, and events of no use here.",
        ("adapter",),
    ),
    MetricRow("replays", "counter", "Replays ended, by how (done, failed, cancelled, lost).", ("outcome",)),
    # The way to the log
    MetricRow(
        "collector_lines", "counter", "Lines handed to the log, by outcome (acked, failed).", ("topic", "outcome")
    ),
    MetricRow("collector_records", "counter", "Records that carried them.", ("topic", "outcome")),
    MetricRow(
        "collector_dropped", "counter", "Lines nobody waited for, dropped: too many under way, or stopping.", ("topic",)
    ),
    MetricRow("collector_in_flight", "gauge", "Lines that wait for the log's acknowledgement.", (), (), "livesum"),
    # The catalog
    MetricRow("catalog_entities", "gauge", "Entities in this process's view of the catalog."),
    MetricRow("catalog_age_seconds", "gauge", "Seconds since the view was last known to be complete."),
    # Folds
    MetricRow("fold_lines", "counter", "Lines folded.", ("fold",)),
    MetricRow(
        "fold_outputs",
        "counter",
        "Lines derived and said, by type (referral.attributed, reward.granted, …).",
        ("fold", "type"),
    ),
    MetricRow(
        "fold_reasons",
        "counter",
        "Reasons given on lines said, by the line's type: conversion.held and conversion.rejected name their screening rules.",
        ("fold", "type", "reason"),
    ),
    MetricRow("fold_batches", "counter", "Batches folded.", ("fold",)),
    MetricRow("fold_skipped", "counter", "Lines skipped because their cause was applied before.", ("fold",)),
    MetricRow("fold_dead_letters", "counter", "Lines set aside as unreadable or undecidable.", ("fold",)),
    MetricRow(
        "fold_refused", "counter", "Partitions begun again: their fence had moved (zombie, wipe, lost tail).", ("fold",)
    ),
    MetricRow("fold_retries", "counter", "Rounds begun again because the log or Redis was away.", ("fold",)),
    MetricRow(
        "fold_step_seconds",
        "histogram",
        "Time of a batch's step: load, decide, produce, apply.",
        ("fold", "step"),
        _STEP,
    ),
    MetricRow("fold_lag_records", "gauge", "Records not folded yet.", ("fold", "partition")),
    # Delivery
    MetricRow(
        "webhook_deliveries", "counter", "Webhook deliveries, by outcome (delivered, retried, failed).", ("outcome",)
    ),
    MetricRow("clock_ticks", "counter", "Clock ticks sent to the log."),
    # Every process
    MetricRow("build_info", "gauge", "1, with what runs.", ("service", "version")),
)
TABLE = {row.name: row for row in ROWS}


_making = Lock()


def counter(name: str) -> Counter:
    """The counter of a row, the same for every thread. Raises KeyError for a name that the table lacks."""
    return _get_metric(name, "counter", Counter)


def gauge(name: str) -> Gauge:
    """The gauge of a row."""
    return _get_metric(name, "gauge", Gauge)


def histogram(name: str) -> Histogram:
    """The histogram of a row."""
    return _get_metric(name, "histogram", Histogram)


def _get_metric(name: str, kind: Kind, wanted: type[Made]) -> Made:
    with _making:
        made = _make(TABLE[name])
    if not isinstance(made, wanted):
        raise TypeError(f"{name} is a {TABLE[name].kind}, not a {kind}")
    return made


@cache
def _make(row: MetricRow) -> Metric:
    name = f"referral_{row.name}"
    match row.kind:
        case "counter":
            return Counter(name, row.meaning, row.labels)
        case "gauge":
            return Gauge(name, row.meaning, row.labels, multiprocess_mode=row.multiprocess_mode)
        case "histogram":
            return Histogram(name, row.meaning, row.labels, buckets=row.buckets)


def export_build_info(service: str) -> None:
    """Shows which version of which service this process runs."""
    gauge("build_info").labels(service, __version__).set(1)


def table() -> list[tuple[str, str, str, str]]:
    """The table for people: name, kind, labels, meaning."""
    return [(row.full_name, row.kind, ", ".join(row.labels), row.meaning) for row in ROWS]
