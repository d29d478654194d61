"""What the views of this service use beside the shared context. One per process, found through the app."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask import Flask, current_app

from link_issuer.http_api.redirect.redirect_resolver import Onward
from link_issuer.share_rate_limit import Allowance
from link_issuer.store import Store
from link_issuer.usage_counter import Uses
from referral.events.facts import ClickReclassed, ContentShared, fact_key
from referral.http.context import Context
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_NAME = "link-issuer"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The store, what sends people on, how often bounded links were used, what share pages may report, the way to the log,
    and where people reach this service.
    """

    store: Store
    onward: Onward
    uses: Uses
    allowance: Allowance
    public_url: str
    patience_s: float  # how long a write waits for the log

    @property
    def signer(self) -> TokenSigner:
        """What signs tokens here."""
        return self.onward.signer

    def send(self, line: ContentShared) -> None:
        """Returns once the log has the fact. Raises NotDurable or Overloaded."""
        self.onward.collector.submit(EVENTS, fact_key(line), msgspec.json.encode(line)).wait(self.patience_s)
        counter("ingest_accepted").inc()

    def send_all(self, lines: Sequence[ClickReclassed]) -> None:
        """Returns once the log has all lines. Raises NotDurable or Overloaded: then some may be there."""
        if lines:
            keyed = [(fact_key(line), msgspec.json.encode(line)) for line in lines]
            self.onward.collector.submit_many(EVENTS, keyed).wait(self.patience_s)

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
        onward=Onward(shared.clock, TokenSigner(shared.settings.signing_key), shared.publisher()),
        uses=Uses(shared.redis),
        allowance=Allowance(shared.redis),
        patience_s=shared.settings.ack_timeout_ms / 1000,
        public_url=shared.settings.public_url.rstrip("/"),
    )
    return app


def collaborators() -> Collaborators:
    """The collaborators of the app that handles this request."""
    found: Collaborators = current_app.extensions[_NAME]
    return found
