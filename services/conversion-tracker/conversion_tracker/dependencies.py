"""What the views of this service use in addition to the shared context. Created once per app."""

from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from flask import Flask, current_app

from conversion_tracker.attribution.store import PersonStore
from conversion_tracker.bans.store import BanStore
from conversion_tracker.explain.leaderboard_client import LeaderboardClient
from conversion_tracker.ingest.adapters.mapped_event import IgnoredReason
from conversion_tracker.ingest.event_pseudonyms import PeopleChanges
from conversion_tracker.ingest.validation import EventValidator
from conversion_tracker.rejected.store import RejectedStore
from conversion_tracker.replay.jobs import ReplayJobs
from conversion_tracker.replay.launcher import ReplayLauncher
from conversion_tracker.screening.store import ConversionStore
from referral.catalog.view import Catalog
from referral.code_cipher import CodeCipher
from referral.console.audit_log import AuditLog
from referral.console.audit_reader import AuditReader
from referral.console.guard import init_console
from referral.events.keys import KeyedLine
from referral.events.people import PeopleEntity, people_key
from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.context import Context
from referral.log.fold_producer import FoldProducer, KafkaFoldProducer
from referral.log.publisher import Publisher
from referral.log.reader_pool import LogReaderPool
from referral.people.people_record import people_records
from referral.telemetry.label_limit import LabelLimit
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS, Topic
from referral.wechat.promoters import PromoterClient

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
    audit_reader: AuditReader
    leaderboard: LeaderboardClient
    promoters: PromoterClient
    rejected: RejectedStore
    retry_producer: FoldProducer
    explanations: ConcurrencyLimit
    adapter_labels: LabelLimit = field(default_factory=lambda: LabelLimit(100))

    def publish_events(self, lines: list[KeyedLine], people: PeopleChanges) -> None:
        """Returns when Kafka has acknowledged every line, and who its people are. Raises NotDurable or Overloaded."""
        self.publisher.publish(EVENTS, lines, people_records(people.records))
        people.confirm()
        counter("ingest_accepted").inc(len(lines))

    def count_ignored(self, adapter: str, reason: IgnoredReason) -> None:
        """Counts what a platform sent that is no event."""
        counter("adapter_ignored").labels(self.adapter_labels.label(adapter), reason).inc()

    def publish_decision(self, topic: Topic, key: str, line: msgspec.Struct, *people: PeopleEntity | None) -> None:
        """Returns when Kafka has acknowledged the line, and what it says about people. Raises NotDurable or Overloaded."""
        records = people_records({people_key(one): one for one in people if one is not None})
        self.publisher.publish(topic, [(key, _encode(line))], records)


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
    publisher = shared.publisher()
    init_console(app, AuditLog(publisher, shared.clock))
    tolerance, lateness = timedelta(seconds=settings.future_tolerance_s), timedelta(days=settings.lateness_days)
    app.extensions[_NAME] = Dependencies(
        EventValidator(
            TokenSigner(shared.key_ring),
            shared.pseudonyms,
            shared.people,
            CodeCipher(shared.key_ring),
            tolerance,
            settings.max_event,
            lateness,
        ),
        publisher,
        PersonStore(shared.redis, settings.partitions),
        shared.catalog.snapshot(),
        BanStore(shared.redis, settings.partitions),
        ConversionStore(shared.redis, settings.partitions),
        jobs,
        replays,
        log_readers,
        AuditReader(log_readers),
        leaderboard,
        _promoters(shared),
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


def _promoters(shared: Context) -> PromoterClient:
    """What other services know about people who talk to a WeChat account."""
    settings = shared.settings
    promoters = PromoterClient(settings.link_issuer, settings.leaderboard, shared.key_ring)
    shared.on_close(promoters.close)
    return promoters


def dependencies() -> Dependencies:
    """The dependencies of the app that handles this request."""
    current: Dependencies = current_app.extensions[_NAME]
    return current
