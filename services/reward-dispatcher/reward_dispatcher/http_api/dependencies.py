"""What the views of this service use in addition to the shared context. One per process, found through the app."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Flask, current_app

from referral.banned_people import BannedPeople
from referral.catalog.writer import CatalogWriter
from referral.console.audit_log import AuditLog
from referral.console.guard import init_console
from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.log.reader_pool import LogReaderPool
from referral.people.people_writer import PeopleWriter
from referral.telemetry.level_exporter import LevelExporter
from referral.tokens import TokenSigner
from reward_dispatcher.budget_levels import read_budget_levels
from reward_dispatcher.budget_store import BudgetStore
from reward_dispatcher.delivery.digest_test_send import DigestTestSender
from reward_dispatcher.delivery_store import DeliveryStore
from reward_dispatcher.grant_store import GrantStore
from reward_dispatcher.guessed_codes import GuessedCodes
from reward_dispatcher.guide_downloads import GuideDownloads
from reward_dispatcher.guide_files import GuideFiles
from reward_dispatcher.guide_listing import GuideLister
from reward_dispatcher.ledger_position import LedgerPosition
from reward_dispatcher.link_requests import LinkRequests
from reward_dispatcher.pool_levels import read_pool_levels
from reward_dispatcher.pool_store import PoolStore
from reward_dispatcher.sealed_codes import CodeHasher, CodeSealer
from reward_dispatcher.stop_store import StoppedRewards
from reward_dispatcher.store import RewardStore
from reward_dispatcher.wallet_opening import WalletOpenings
from reward_dispatcher.wallet_parts import WalletPartsClient

_NAME = "rewards"
_MAX_NAMED = 20
_LINK_TTL_S = 30 * 86_400  # of a download link
_MAX_UPLOADS = 2
_MAX_TEST_DIGESTS = 3  # each holds a thread for up to half a minute
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Reads the state of the folds, the files of guides and parts of wallets that other services have; writes to the log, the
    catalog and `people`; signs tokens, seals codes.

    `uploads` limits the uploads of codes: each takes a thread, and a good part of a processor.
    """

    store: RewardStore
    budgets: BudgetStore
    publisher: Publisher
    catalog: CatalogWriter
    tokens: TokenSigner
    codes: CodeSealer
    guides: GuideFiles
    people: PeopleWriter
    openings: WalletOpenings
    wallet_parts: WalletPartsClient
    downloads: GuideDownloads
    stopped: StoppedRewards
    pools: PoolStore
    hasher: CodeHasher
    uploads: ConcurrencyLimit
    ledger: LedgerPosition
    deliveries: DeliveryStore
    guessed: GuessedCodes
    grants: GrantStore
    banned: BannedPeople
    link_requests: LinkRequests
    digests: DigestTestSender
    digest_sends: ConcurrencyLimit


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app of the shared factory."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    guides = GuideFiles(Path(settings.guides))
    _warn_of_misplaced(guides)
    catalog = shared.catalog_writer()
    lister = GuideLister(guides, shared.follower, shared.clock, catalog.write).start()
    shared.on_close(lister.stop)
    parts = WalletPartsClient(settings.conversion_tracker, settings.leaderboard)
    shared.on_close(parts.close)
    pools = PoolStore(shared.redis, settings.partitions)
    budgets = BudgetStore(shared.redis, settings.partitions)
    exporter = LevelExporter(
        [
            lambda: read_pool_levels(pools, shared.follower.view),
            lambda: read_budget_levels(budgets, shared.follower.view, shared.clock.now_ms()),
        ]
    )
    shared.on_close(exporter.start().stop)
    publisher = shared.publisher()
    readers = LogReaderPool(settings)
    shared.on_close(readers.close)
    init_console(app, AuditLog(publisher, shared.clock))
    app.extensions[_NAME] = Dependencies(
        RewardStore(shared.redis, settings.partitions),
        budgets,
        publisher,
        catalog,
        TokenSigner(shared.key_ring),
        CodeSealer(shared.key_ring),
        guides,
        shared.people_writer(),
        WalletOpenings(shared.redis),
        parts,
        GuideDownloads(shared.redis, _LINK_TTL_S),
        StoppedRewards(shared.redis, settings.partitions),
        pools,
        CodeHasher(shared.key_ring),
        ConcurrencyLimit("uploads of codes", _MAX_UPLOADS),
        LedgerPosition(readers, shared.redis),
        DeliveryStore(shared.redis, settings.partitions),
        GuessedCodes(shared.redis),
        GrantStore(shared.redis, settings.partitions),
        BannedPeople(shared.redis, settings.partitions),
        LinkRequests(shared.redis),
        DigestTestSender(settings, lambda: shared.follower.view, shared.clock),
        ConcurrencyLimit("test digests", _MAX_TEST_DIGESTS),
    )
    return app


def _warn_of_misplaced(guides: GuideFiles) -> None:
    """Logs the files of the layout in which all programs shared one folder: no program reaches them any more."""
    if names := guides.misplaced():
        remedy = "move each into the folder of its program, e.g. prg_glow/guide.pdf; other programs must not reach it"
        log.warning("guides belong to no program", files=names[:_MAX_NAMED], count=len(names), remedy=remedy)


def dependencies() -> Dependencies:
    """Returns the dependencies of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
