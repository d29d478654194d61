"""What the views of this service use in addition to the shared context. One per process, found through the app."""

from dataclasses import dataclass

from flask import Flask, current_app

from referral.catalog.writer import CatalogWriter
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.tokens import TokenSigner
from reward_dispatcher.store import RewardStore

_NAME = "rewards"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Reads the ledger's state, writes to the log and the catalog, signs tokens."""

    store: RewardStore
    publisher: Publisher
    catalog: CatalogWriter
    tokens: TokenSigner


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app of the shared factory."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    app.extensions[_NAME] = Dependencies(
        RewardStore(shared.redis, settings.partitions),
        shared.publisher(),
        shared.catalog_writer(),
        TokenSigner(settings.key_ring()),
    )
    return app


def dependencies() -> Dependencies:
    """Returns the dependencies of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
