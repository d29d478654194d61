"""What the views of this service use beside the shared context. One per process, found through the app."""

from dataclasses import dataclass

from flask import Flask, current_app

from link_issuer.http_api.onward import Onward
from link_issuer.store import Store
from link_issuer.uses import Uses
from referral.http.context import Context
from referral.tokens import TokenSigner

_NAME = "link-issuer"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The store, what sends people on, how often bounded links were used, and where people reach this service."""

    store: Store
    onward: Onward
    uses: Uses
    public_url: str

    def link(self, code: str) -> str:
        """The address that people share."""
        return f"{self.public_url}/{code}"

    def share_page(self, code: str) -> str:
        """The address of a code's share page."""
        return f"{self.public_url}/s/{code}"


def equip(app: Flask) -> Flask:
    """Gives an app of the factory its collaborators."""
    shared: Context = app.extensions["referral"]
    app.extensions[_NAME] = Collaborators(
        store=Store(shared.follower, shared.catalog_writer(), shared.redis),
        onward=Onward(shared.clock, TokenSigner(shared.settings.signing_key), shared.collector()),
        uses=Uses(shared.redis),
        public_url=shared.settings.public_url.rstrip("/"),
    )
    return app


def collaborators() -> Collaborators:
    """The collaborators of the app that handles this request."""
    found: Collaborators = current_app.extensions[_NAME]
    return found
