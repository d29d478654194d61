"""What the views of this service use beside the shared context. One per process, found through the app."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from flask import Flask, current_app

from conversion_tracker.attribution.store import PersonStore
from conversion_tracker.bans.store import BanStore
from conversion_tracker.explain.leaderboard_client import LeaderboardClient
from conversion_tracker.ingest.validation import EventValidator, KeyedLine
from conversion_tracker.replay.jobs import ReplayJobs
from conversion_tracker.replay.launcher import ReplayLauncher
from conversion_tracker.screening.store import ConversionStore
from referral.catalog.view import Catalog
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.log.reader_pool import LogReaderPool
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS, Topic

_encode = msgspec.json.Encoder().encode
_NAME = "conversion-tracker"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Events to inspect, the log to write; people, conversions, the catalog and the log to read, and the board to ask."""

    event_validator: EventValidator
    publisher: Publisher
    people: PersonStore
    catalog_snapshot: Catalog  # what was read so far; a look-up in it never waits
    ack_timeout_s: float  # how long a write waits for the log
    bans: BanStore
    conversions: ConversionStore
    jobs: ReplayJobs
    replays: ReplayLauncher
    log_readers: LogReaderPool
    leaderboard: LeaderboardClient

    def publish_events(self, lines: list[KeyedLine]) -> None:
        """Returns once the log has acknowledged every line. Raises NotDurable or Overloaded."""
        collector = self.publisher
        ticket = collector.submit(EVENTS, *lines[0]) if len(lines) == 1 else collector.submit_many(EVENTS, lines)
        ticket.wait(self.ack_timeout_s)
        counter("ingest_accepted").inc(len(lines))

    def publish_line(self, topic: Topic, key: str, line: msgspec.Struct) -> None:
        """Returns once the log has acknowledged a decision of ours. Raises as `send` does."""
        self.publisher.submit(topic, key, _encode(line)).wait(self.ack_timeout_s)


def init_app(app: Flask) -> Flask:
    """Gives an app of the factory its collaborators."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    jobs = ReplayJobs(shared.redis)
    replays = ReplayLauncher(settings, jobs)
    shared.on_close(replays.close)
    tolerance = timedelta(seconds=settings.future_tolerance_s)
    app.extensions[_NAME] = Dependencies(
        EventValidator(TokenSigner(settings.signing_key), tolerance, settings.max_event),
        shared.publisher(),
        PersonStore(shared.redis, settings.partitions),
        shared.catalog.snapshot(),
        settings.ack_timeout_ms / 1000,
        BanStore(shared.redis, settings.partitions),
        ConversionStore(shared.redis, settings.partitions),
        jobs,
        replays,
        *_trace_sources(shared),
    )
    return app


def _trace_sources(shared: Context) -> tuple[LogReaderPool, LeaderboardClient]:
    """What explaining reads beside Redis; opened when first asked for."""
    lookups, leaderboard = LogReaderPool(shared.settings), LeaderboardClient(shared.settings.leaderboard)
    shared.on_close(lookups.close)
    shared.on_close(leaderboard.close)
    return lookups, leaderboard


def dependencies() -> Dependencies:
    """The collaborators of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
