"""What the views of this service share beyond the common context. One per process, made with the app."""

from dataclasses import dataclass

from flask import current_app

from link_issuer.http_api.onward import Onward
from link_issuer.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, what sends people on, and where they reach this service."""

    store: Store
    onward: Onward
    public_url: str

    def link(self, code: str) -> str:
        """The address that people share."""
        return f"{self.public_url}/{code}"


def desk() -> Desk:
    """The desk of the app that handles this request."""
    found: Desk = current_app.extensions["link_issuer"]
    return found
