"""What the views of this service use in addition to the shared context. One per process, found through the app."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from flask import Flask, current_app

from leaderboard.board_history import BoardHistory
from leaderboard.board_store import BoardStore
from leaderboard.campaign_reader import CampaignReader, CampaignTree
from leaderboard.challenge_levels import read_challenge_levels
from leaderboard.challenge_store import ChallengeStore
from leaderboard.closing_levels import read_closing_levels
from leaderboard.closing_store import ClosingStore
from leaderboard.draw_fetcher import INTERVAL_S, DrawFetcher
from leaderboard.experiment_levels import ExperimentLevels
from leaderboard.experiment_store import ExperimentStore
from leaderboard.folds.challenge_terms import ChallengeTerms
from leaderboard.folds.time_zones import ProgramTimeZones
from leaderboard.growth_store import GrowthStore
from leaderboard.http_api.costly_reads import CostlyReads
from leaderboard.insight_reader import InsightReader
from leaderboard.insight_store import InsightStore
from leaderboard.live.feed import LiveFeed
from leaderboard.network_store import NetworkStore
from leaderboard.recent_answers import RecentAnswers
from leaderboard.rewards_client import RewardsClient
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.console.audit_log import AuditLog
from referral.console.guard import init_console
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.telemetry.level_exporter import LevelExporter
from referral.topics import STANDINGS

if TYPE_CHECKING:
    from leaderboard.pages.growth_view import GrowthView  # it imports this module

_NAME = "leaderboard"
_FETCHING = "http:fetching-rounds"
_GROWTH_FRESH_S = 2.0
GROWTH_STALE_S = 5.0
_GROWTH_VIEWS = 200
_TREE_FRESH_S, _TREE_STALE_S, _TREES = 10.0, 20.0, 20


class GrowthPageName(NamedTuple):
    """What a growth page depends on: program, days, whether it names everyone, and its language."""

    program: str
    days: int
    all_names: bool
    language: str


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Reads boards, now and in the past, growth figures, insights, the network of referrals, experiments and challenges.

    Publishes the randomness of draws and decisions about submissions, and writes links to dashboards. Follows the log for live
    streams while someone watches.
    """

    boards: BoardStore
    history: BoardHistory
    closings: ClosingStore
    growth: GrowthStore
    insights: InsightReader
    growth_views: "RecentAnswers[GrowthPageName, GrowthView]"
    costly_reads: CostlyReads
    rewards: RewardsClient
    network: NetworkStore
    campaigns: CampaignReader
    campaign_trees: RecentAnswers[str, CampaignTree]
    experiments: ExperimentStore
    challenges: ChallengeStore
    challenge_terms: ChallengeTerms
    time_zones: ProgramTimeZones
    publisher: Publisher
    live: LiveFeed
    catalog_writer: CatalogWriter


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app of the shared factory."""
    shared: Context = app.extensions["referral"]
    partitions = shared.settings.partitions
    closings, experiments = ClosingStore(shared.redis, partitions), ExperimentStore(shared.redis, partitions)
    challenges, time_zones = ChallengeStore(shared.redis, partitions), ProgramTimeZones()
    terms = ChallengeTerms(time_zones)
    exporter = LevelExporter(
        [
            lambda: read_closing_levels(closings, shared.clock.now_ms()),
            ExperimentLevels(experiments, shared.catalog, shared.clock.now_ms).read,
            lambda: read_challenge_levels(challenges, _declared(terms, shared.catalog), shared.clock.now_ms()),
        ]
    )
    shared.on_close(exporter.start().stop)
    rewards = RewardsClient(shared.settings.reward_dispatcher)
    shared.on_close(rewards.close)
    if shared.settings.drand:
        shared.on_close(_draw_fetcher(shared, closings).start().stop)
    publisher = shared.publisher()
    init_console(app, AuditLog(publisher, shared.clock))
    live = LiveFeed(shared.settings)
    shared.on_close(live.close)
    boards, network = BoardStore(shared.redis, partitions), NetworkStore(shared.redis, partitions)
    app.extensions[_NAME] = Dependencies(
        boards,
        BoardHistory(shared.redis, partitions),
        closings,
        GrowthStore(shared.redis, partitions),
        InsightReader(InsightStore(shared.redis, partitions)),
        RecentAnswers(_GROWTH_FRESH_S, GROWTH_STALE_S, _GROWTH_VIEWS),
        CostlyReads(shared.settings.http_threads),
        rewards,
        network,
        CampaignReader(boards, network),
        RecentAnswers(_TREE_FRESH_S, _TREE_STALE_S, _TREES),
        experiments,
        challenges,
        terms,
        time_zones,
        publisher,
        live,
        shared.catalog_writer(),
    )
    return app


def _declared(terms: ChallengeTerms, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The challenges of all programs."""
    return ((program, id_) for program in catalog.programs() for id_ in terms.all_of(program, catalog))


def _draw_fetcher(shared: Context, closings: ClosingStore) -> DrawFetcher:
    """One process of all takes each turn: a key at Redis that lasts a little less than the time between two."""
    from leaderboard.drand_client import DrandClient  # it loads an HTTP client, which only this needs

    publisher, redis = shared.publisher(), shared.redis
    return DrawFetcher(
        awaited=closings.awaited_draws,
        signature=DrandClient(shared.settings.drand).signature,
        publish=lambda line: publisher.publish(STANDINGS, [(line.program, msgspec.json.encode(line))]),
        now_ms=shared.clock.now_ms,
        is_my_turn=lambda: bool(redis.set(_FETCHING, "1", nx=True, ex=int(INTERVAL_S) - 5)),
    )


def dependencies() -> Dependencies:
    """Returns the dependencies of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
