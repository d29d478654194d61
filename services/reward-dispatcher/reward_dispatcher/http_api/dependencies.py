"""What the views of this service use beside the shared context. One per process, found through the app."""

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
    """State to read, the log and the catalog to write, tokens to sign."""

    store: RewardStore
    publisher: Publisher
    catalog: CatalogWriter
    tokens: TokenSigner


def init_app(app: Flask) -> Flask:
    """Gives an app of the factory its collaborators."""
    shared: Context = app.extensions["referral"]
    settings = shared.settings
    app.extensions[_NAME] = Dependencies(
        RewardStore(shared.redis, settings.partitions),
        shared.publisher(),
        shared.catalog_writer(),
        TokenSigner(settings.signing_key),
    )
    return app


def dependencies() -> Dependencies:
    """The collaborators of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
