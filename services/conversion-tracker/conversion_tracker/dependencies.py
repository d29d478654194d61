"""What the views of this service use in addition to the shared context. Created once per app."""

from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from flask import Flask, current_app

from conversion_tracker.attribution.store import PersonStore
from conversion_tracker.bans.store import BanStore
from conversion_tracker.explain.leaderboard_client import LeaderboardClient
from conversion_tracker.ingest.adapters.mapped_event import IgnoredReason
from conversion_tracker.ingest.validation import EventValidator
from conversion_tracker.rejected.store import RejectedStore
from conversion_tracker.replay.jobs import ReplayJobs
from conversion_tracker.replay.launcher import ReplayLauncher
from conversion_tracker.screening.store import ConversionStore
from referral.catalog.view import Catalog
from referral.events.keys import KeyedLine
from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.context import Context
from referral.log.fold_producer import FoldProducer, KafkaFoldProducer
from referral.log.publisher import Publisher
from referral.log.reader_pool import LogReaderPool
from referral.telemetry.label_limit import LabelLimit
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS, Topic

_encode = msgspec.json.Encoder().encode
_NAME = "conversion-tracker"
MAX_EXPLANATIONS = 4  # at the same time, in a process: each reads the log


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The validator and publisher of ingest, the stores of derived state, replays, and what explanations read."""

    event_validator: EventValidator
    publisher: Publisher
    people: PersonStore
    catalog_snapshot: Catalog  # the catalog as read so far; look-ups never wait
    bans: BanStore
    conversions: ConversionStore
    jobs: ReplayJobs
    replays: ReplayLauncher
    log_readers: LogReaderPool
    leaderboard: LeaderboardClient
    rejected: RejectedStore
    retry_producer: FoldProducer
    explanations: ConcurrencyLimit
    adapter_labels: LabelLimit = field(default_factory=lambda: LabelLimit(100))

    def publish_events(self, lines: list[KeyedLine]) -> None:
        """Returns when Kafka has acknowledged every line. Raises NotDurable or Overloaded."""
        self.publisher.publish(EVENTS, lines)
        counter("ingest_accepted").inc(len(lines))

    def count_ignored(self, adapter: str, reason: IgnoredReason) -> None:
        """Counts what a platform sent that is no event."""
        counter("adapter_ignored").labels(self.adapter_labels.label(adapter), reason).inc()

    def publish_line(self, topic: Topic, key: str, line: msgspec.Struct) -> None:
        """Returns when Kafka has acknowledged the line. Raises NotDurable or Overloaded."""
        self.publisher.publish(topic, [(key, _encode(line))])


def init_app(app: Flask) -> Flask:
    """Creates the dependencies of an app that `create_app` made."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    jobs = ReplayJobs(shared.redis)
    replays = ReplayLauncher(settings, jobs)
    shared.on_close(replays.close)
    retry_producer = KafkaFoldProducer(settings, shared.clock)
    shared.on_close(retry_producer.close)
    log_readers, leaderboard = _trace_sources(shared)
    tolerance, lateness = timedelta(seconds=settings.future_tolerance_s), timedelta(days=settings.lateness_days)
    app.extensions[_NAME] = Dependencies(
        EventValidator(TokenSigner(shared.key_ring), tolerance, settings.max_event, lateness),
        shared.publisher(),
        PersonStore(shared.redis, settings.partitions),
        shared.catalog.snapshot(),
        BanStore(shared.redis, settings.partitions),
        ConversionStore(shared.redis, settings.partitions),
        jobs,
        replays,
        log_readers,
        leaderboard,
        RejectedStore(log_readers, shared.redis),
        retry_producer,
        ConcurrencyLimit("explanations", MAX_EXPLANATIONS),
    )
    return app


def _trace_sources(shared: Context) -> tuple[LogReaderPool, LeaderboardClient]:
    """The log readers and the leaderboard client; both connect on first use."""
    log_readers, leaderboard = LogReaderPool(shared.settings), LeaderboardClient(shared.settings.leaderboard)
    shared.on_close(log_readers.close)
    shared.on_close(leaderboard.close)
    return log_readers, leaderboard


def dependencies() -> Dependencies:
    """The dependencies of the app that handles this request."""
    current: Dependencies = current_app.extensions[_NAME]
    return current
