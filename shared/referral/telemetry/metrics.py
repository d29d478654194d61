"""The table of all metrics: name, kind, labels, meaning. `docs/metrics.md` is generated from it; dashboards and alerts use it only.

Prometheus objects are created on first use, because a server with several worker processes sets PROMETHEUS_MULTIPROC_DIR before
they start, and prometheus_client reads it when the first object is created.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from typing import Literal, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from referral import __version__

Kind = Literal["counter", "gauge", "histogram"]
Metric = Counter | Gauge | Histogram
Created = TypeVar("Created", Counter, Gauge, Histogram)

_HTTP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_REWARD_BUCKETS = (1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0, 1_209_600.0, 2_592_000.0)
_STEP_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric: name (without the prefix `referral_` and the suffix `_total`), kind, meaning, labels, buckets of a histogram,
    and how a gauge of several processes is combined.
    """

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    multiprocess_mode: Literal["livemax", "livesum"] = "livemax"

    @property
    def full_name(self) -> str:
        """The name in Prometheus."""
        return f"referral_{self.name}" + ("_total" if self.kind == "counter" else "")


ROWS = (
    # HTTP services
    MetricRow(
        "http_requests",
        "counter",
        "HTTP requests, by route, method and status.",
        ("service", "route", "method", "status"),
    ),
    MetricRow("http_seconds", "histogram", "Duration of HTTP requests, seconds.", ("service", "route"), _HTTP_BUCKETS),
    MetricRow(
        "http_ignored_forwarded_for",
        "counter",
        "Requests with X-Forwarded-For while REFERRAL_PROXIES is 0: a proxy that the settings do not name.",
    ),
    MetricRow(
        "redirects",
        "counter",
        "Redirects of referral links, by outcome: redirected, or the reason why not.",
        ("outcome",),
    ),
    MetricRow(
        "clicks_unrecorded",
        "counter",
        "Redirects whose click was not recorded: its address had opened the code REFERRAL_CLICKS_PER_MINUTE times in that minute.",
    ),
    MetricRow(
        "wrong_codes",
        "counter",
        "Look-ups of discount codes, by outcome: unknown (no reward has the code), mistyped (wrong check character: not looked up),"
        " refused (too many of the caller were wrong).",
        ("outcome",),
    ),
    MetricRow("ingest_accepted", "counter", "Events accepted (durable on the log)."),
    MetricRow("ingest_rejected", "counter", "Events rejected, by error code.", ("code",)),
    MetricRow("desk_events", "counter", "Events that the desk added or withdrew.", ("action",)),
    MetricRow("ingest_warnings", "counter", "Warnings about accepted events, by code.", ("code",)),
    MetricRow(
        "group_visits",
        "counter",
        "Visits to pages of group chats (shown, full, snapshot_failed: a count was not written to the catalog).",
        ("outcome",),
    ),
    MetricRow(
        "adapter_ignored",
        "counter",
        "What platforms sent that is no event, acknowledged and ignored, by adapter (the first 100 names) and reason.",
        ("adapter", "reason"),
    ),
    MetricRow(
        "wechat_replies",
        "counter",
        "Replies to WeChat callbacks (immediate; promised: as a customer message; repeated: to a repeated callback).",
        ("outcome",),
    ),
    MetricRow("replays", "counter", "Replays finished, by outcome (done, failed, cancelled, lost).", ("outcome",)),
    # Publisher
    MetricRow("publisher_lines", "counter", "Lines published, by outcome (acked, failed).", ("topic", "outcome")),
    MetricRow(
        "publisher_records",
        "counter",
        "Records published, by outcome; a record holds one or more lines.",
        ("topic", "outcome"),
    ),
    MetricRow(
        "publisher_dropped",
        "counter",
        "Lines dropped without an error to a client: too many in flight, or shutting down.",
        ("topic",),
    ),
    MetricRow("publisher_in_flight", "gauge", "Lines waiting for Kafka's acknowledgement.", (), (), "livesum"),
    # The catalog
    MetricRow("catalog_entities", "gauge", "Entities in the process's view of the catalog."),
    MetricRow("catalog_age_seconds", "gauge", "Seconds since the process's view of the catalog was last complete."),
    # The directory, in the process that writes it
    MetricRow(
        "directory_behind_records", "gauge", "Records of catalog and people that the directory does not have yet."
    ),
    MetricRow("directory_bytes", "gauge", "Size of the directory's file, bytes."),
    MetricRow(
        "directory_rebuilds",
        "counter",
        "Times that the directory was built from the log, by reason (new, damaged, other_log, shorter_log, power_cut, outdated).",
        ("reason",),
    ),
    # Folds
    MetricRow("fold_lines", "counter", "Lines folded.", ("fold",)),
    MetricRow(
        "fold_outputs",
        "counter",
        "Output lines produced, by type (referral.attributed, reward.granted, …).",
        ("fold", "type"),
    ),
    MetricRow(
        "fold_reasons",
        "counter",
        "Reasons on output lines, by type: conversion.held and conversion.rejected have the reasons of screening rules.",
        ("fold", "type", "reason"),
    ),
    MetricRow("fold_batches", "counter", "Batches folded.", ("fold",)),
    MetricRow("fold_skipped", "counter", "Lines skipped because their cause was already applied.", ("fold",)),
    MetricRow(
        "fold_dead_letters", "counter", "Lines set aside because they could not be decoded or decided.", ("fold",)
    ),
    MetricRow(
        "fold_set_aside",
        "counter",
        "Lines set aside because the rules of their program could not process them, by program (the first 50 of a process, then"
        " `other`).",
        ("fold", "program"),
    ),
    MetricRow(
        "fold_waiting_lines",
        "gauge",
        "Lines of a partition that are set aside and wait for a retry.",
        ("fold", "partition"),
    ),
    MetricRow(
        "fold_retried",
        "counter",
        "Lines retried after they were set aside, by outcome (decided, still_waiting).",
        ("fold", "outcome"),
    ),
    MetricRow(
        "fold_resets",
        "counter",
        "Partitions reset to their fence (another worker wrote, Redis was wiped or lost its last writes).",
        ("fold",),
    ),
    MetricRow("fold_retries", "counter", "Batches retried because Kafka or Redis was unavailable.", ("fold",)),
    MetricRow(
        "fold_step_seconds",
        "histogram",
        "Duration of one step of a batch (load, decide, produce, apply), seconds.",
        ("fold", "step"),
        _STEP_BUCKETS,
    ),
    MetricRow("fold_lag_records", "gauge", "Records of the input not folded yet.", ("fold", "partition")),
    # Every process, with a Redis Cluster
    MetricRow(
        "redis_cluster_retries",
        "counter",
        "Commands sent again to a Redis Cluster, by reason: moved, ask and try_again while a slot moves; down, disconnected and"
        " timed_out while a node fails; no_script after a node has lost its scripts.",
        ("reason",),
    ),
    # Every consumer
    MetricRow(
        "consumer_stalled_seconds",
        "gauge",
        "Seconds for which a fold or the delivery worker has processed nothing of what waits for it; 0 if it makes progress.",
        ("consumer",),
    ),
    # Rewards, as the ledger decides
    MetricRow(
        "rewards",
        "counter",
        "Steps of rewards, by kind: granted, held (for another reason than the holding period), fulfilled, delivered, redeemed,"
        " revoked, clawed_back (revoked after use), expired, restored.",
        ("step", "kind"),
    ),
    MetricRow(
        "reward_amount",
        "counter",
        "Amounts of rewards that have a value, by step and unit (minor units of a currency, or points): redeemed is what was used,"
        " in whole or in part, returned what a refund or reversal gave back, expired what was left, raised and lowered the"
        " difference when the order of a reward is worth more or less.",
        ("step", "unit"),
    ),
    MetricRow(
        "reward_seconds",
        "histogram",
        "Time from the grant of a reward to a step (fulfilled, delivered, redeemed), by kind, seconds; holding periods are part of"
        " it. A reward is granted at the time of its conversion: `delivered` is the time from conversion to delivery.",
        ("step", "kind"),
        _REWARD_BUCKETS,
    ),
    MetricRow(
        "order_codes",
        "counter",
        "Orders reported with the code of a reward, by outcome: taken, or why the code was not taken; and their refunds beyond the"
        " hundredth (refund_left_out), which change nothing.",
        ("outcome",),
    ),
    MetricRow(
        "reward_wait_seconds",
        "histogram",
        "Time from the end of the holding period of a reward, or from its grant if there is none, to a step (fulfilled,"
        " delivered), seconds: what the system, its pools and its operators took. Waits for a budget are not part of it.",
        ("step",),
        _REWARD_BUCKETS,
    ),
    MetricRow(
        "budget_levels_reached",
        "counter",
        "Levels that budgets reached, in percent (50, 80, 100), once each for a total; 100 also if too little is left for the next"
        " reward.",
        ("percent",),
    ),
    # Budgets and pools of codes, in the HTTP service of reward-dispatcher
    MetricRow(
        "budget_amount",
        "gauge",
        "A budget in minor units of its currency, by part: spent, held (lent to partitions) and free are its total together,"
        " stopped is what the rewards need that wait for it. By program and budget (the first 500).",
        ("program", "budget", "currency", "part"),
    ),
    MetricRow("budget_rewards_stopped", "gauge", "Rewards that wait for a budget.", ("program", "budget", "currency")),
    MetricRow(
        "pool_codes_left",
        "gauge",
        "Codes that a pool can still give, by program and pool (the first 500 pools that rules name).",
        ("program", "pool"),
    ),
    MetricRow(
        "pool_low_water",
        "gauge",
        "The level of a pool: below it, more codes should be uploaded.",
        ("program", "pool"),
    ),
    MetricRow("boards_closed", "counter", "Boards that were closed, by what they count.", ("metric",)),
    MetricRow(
        "board_closing_delay_seconds",
        "gauge",
        "How long the oldest board that is due has waited to be closed, seconds; 0 if none waits.",
    ),
    MetricRow(
        "board_parts_behind_seconds",
        "gauge",
        "How far a partition of a boards fold is behind the others with writing its parts of closed boards, seconds.",
        ("fold", "partition"),
    ),
    MetricRow("submissions_waiting", "gauge", "Submissions of challenges that wait for a review."),
    MetricRow(
        "submission_waiting_seconds",
        "gauge",
        "How long the submission that has waited the longest has waited for a review, seconds; 0 if none waits.",
    ),
    # Live streams, in the HTTP service of leaderboard
    MetricRow(
        "live_streams", "gauge", "Live streams that are open, of pages and API keys.", multiprocess_mode="livesum"
    ),
    MetricRow(
        "live_streams_ended",
        "counter",
        "Live streams that ended or were refused, by reason (left, renewed: the reader connects again, expired, closing, slow,"
        " client_limit, process_limit).",
        ("reason",),
    ),
    MetricRow(
        "draw_waiting_seconds",
        "gauge",
        "How long a committed draw has waited although its round is published, seconds; 0 if none waits.",
    ),
    MetricRow(
        "experiment_people",
        "gauge",
        "People whose window is over and who count for an experiment, of the first 100 running ones.",
        ("program", "experiment"),
    ),
    MetricRow("experiment_decided", "gauge", "1 once an experiment has ended by its rule.", ("program", "experiment")),
    MetricRow(
        "experiment_alarm",
        "gauge",
        "1 while an alarm of an experiment is on: sample_ratio_mismatch, multiple_exposures.",
        ("program", "experiment", "alarm"),
    ),
    MetricRow("pool_rewards_waiting", "gauge", "Rewards that wait for a code of a pool.", ("program", "pool")),
    # Delivery
    MetricRow("delivery_lag_records", "gauge", "Records whose messages are not scheduled yet.", ("partition",)),
    MetricRow(
        "webhook_deliveries",
        "counter",
        "Webhook delivery attempts, by outcome (delivered, retried, failed: no attempt follows).",
        ("outcome",),
    ),
    MetricRow(
        "webhook_oldest_undelivered_seconds",
        "gauge",
        "Age of the oldest message that waits for an endpoint which is not disabled; 0 if none waits.",
        ("partition",),
    ),
    MetricRow(
        "webhook_endpoint_changes",
        "counter",
        "Endpoints that were warned of, have reached a limit or were disabled (warned_50, warned_70, warned_90, full_waiting,"
        " full_undelivered, disabled_failing, disabled_gone).",
        ("change",),
    ),
    MetricRow(
        "mails",
        "counter",
        "E-mails, by outcome of the attempt (delivered, retried, failed: no attempt follows).",
        ("outcome",),
    ),
    MetricRow(
        "wechat_messages",
        "counter",
        "Customer messages of WeChat accounts, by outcome of the attempt (delivered, retried, failed; missed: nothing may be sent"
        " now).",
        ("outcome",),
    ),
    MetricRow(
        "wechat_refusals",
        "counter",
        "Messages that WeChat refused, by reason (allowance: more than it allows, which must not happen; consent: to a"
        " subscription message, that there is none; template; media; other).",
        ("reason",),
    ),
    MetricRow("wechat_tokens", "counter", "Access tokens that WeChat was asked for."),
    MetricRow(
        "join_links",
        "counter",
        "Links of the join page that prove who a person is, by way (email, wechat; link: any) and outcome (asked; sent; limited;"
        " closed: the mailbox takes nothing; bounced; failed; proven; ended: it was used).",
        ("way", "outcome"),
    ),
    MetricRow(
        "returned_mails",
        "counter",
        "E-mails that came back to the bounce address, by outcome (bounced, complained: the mailbox is closed; temporary;"
        " ignored: no report, or about no failure; unverified: without a genuine return address; repeated).",
        ("outcome",),
    ),
    MetricRow(
        "promoter_messages",
        "counter",
        "Messages to promoters, by channel (none: no attempt was made) and outcome of the attempt (delivered, retried, failed,"
        " missed: nothing was sent, unconfirmed: it may have arrived, and is not sent again).",
        ("channel", "outcome"),
    ),
    MetricRow(
        "growth_digests",
        "counter",
        "Digests to growth teams, by outcome of the attempt (delivered, retried, failed; missed: there is no target any more).",
        ("outcome",),
    ),
    MetricRow("clock_ticks", "counter", "Clock ticks published."),
    # Every process
    MetricRow("build_info", "gauge", "Always 1; the labels name the process and its version.", ("service", "version")),
)
TABLE = {row.name: row for row in ROWS}


_creation_lock = Lock()


def counter(name: str) -> Counter:
    """Returns the counter of this name, one object per process. Raises KeyError for a name that the table lacks."""
    return _get_metric(name, "counter", Counter)


def gauge(name: str) -> Gauge:
    """Returns the gauge of this name. Raises KeyError as `counter` does."""
    return _get_metric(name, "gauge", Gauge)


def histogram(name: str) -> Histogram:
    """Returns the histogram of this name. Raises KeyError as `counter` does."""
    return _get_metric(name, "histogram", Histogram)


def record(name: str, labels: tuple[str, ...], value: float) -> None:
    """Adds a value to a counter, or lets a histogram observe it. Raises KeyError as `counter` does, TypeError for a gauge."""
    _recorder(name, labels)(value)


@lru_cache(1024)  # finding a series takes four times as long as adding to it
def _recorder(name: str, labels: tuple[str, ...]) -> Callable[[float], None]:
    if TABLE[name].kind == "histogram":
        return histogram(name).labels(*labels).observe
    return counter(name).labels(*labels).inc


def _get_metric(name: str, kind: Kind, metric_class: type[Created]) -> Created:
    with _creation_lock:
        metric = _create(TABLE[name])
    if not isinstance(metric, metric_class):
        raise TypeError(f"{name} is a {TABLE[name].kind}, not a {kind}")
    return metric


@cache
def _create(row: MetricRow) -> Metric:
    name = f"referral_{row.name}"
    match row.kind:
        case "counter":
            return Counter(name, row.meaning, row.labels)
        case "gauge":
            return Gauge(name, row.meaning, row.labels, multiprocess_mode=row.multiprocess_mode)
        case "histogram":
            return Histogram(name, row.meaning, row.labels, buckets=row.buckets)


def export_build_info(service: str) -> None:
    """Exports the version that this process runs."""
    gauge("build_info").labels(service, __version__).set(1)


def documentation_rows() -> list[tuple[str, str, str, str]]:
    """Returns the rows of the documentation: name, kind, labels, meaning."""
    return [(row.full_name, row.kind, ", ".join(row.labels), row.meaning) for row in ROWS]
