"""What the views of this service use in addition to the shared context. One per process, found through the app."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Flask, current_app

from referral.catalog.writer import CatalogWriter
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.tokens import TokenSigner
from reward_dispatcher.guide_files import GuideFiles
from reward_dispatcher.guide_listing import GuideLister
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.store import RewardStore

_NAME = "rewards"
_MAX_NAMED = 20
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Reads the ledger's state and the files of guides, writes to the log and the catalog, signs tokens, opens sealed codes."""

    store: RewardStore
    publisher: Publisher
    catalog: CatalogWriter
    tokens: TokenSigner
    codes: CodeSealer
    guides: GuideFiles


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app of the shared factory."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    guides = GuideFiles(Path(settings.guides))
    _warn_of_misplaced(guides)
    catalog = shared.catalog_writer()
    lister = GuideLister(guides, shared.follower, shared.clock, catalog.write).start()
    shared.on_close(lister.stop)
    app.extensions[_NAME] = Dependencies(
        RewardStore(shared.redis, settings.partitions),
        shared.publisher(),
        catalog,
        TokenSigner(shared.key_ring),
        CodeSealer(shared.key_ring),
        guides,
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
