"""What the views of this service use beside the shared context: one instance per process, an extension of the app."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask import Flask, current_app

from link_issuer.click_limit import ClickLimit
from link_issuer.http_api.redirect.redirect_resolver import RedirectResolver
from link_issuer.pictures import Pictures
from link_issuer.share_rate_limit import ShareRateLimit
from link_issuer.store import Store
from link_issuer.usage_counter import UsageCounter
from referral.events.facts import ClickReclassed, ContentShared, fact_key
from referral.http.context import Context
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_NAME = "link-issuer"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Clients and settings of the views. `public_url` is where people reach this service, without a trailing slash."""

    store: Store
    redirect_resolver: RedirectResolver
    usage_counter: UsageCounter
    share_rate_limit: ShareRateLimit
    pictures: Pictures
    public_url: str

    @property
    def signer(self) -> TokenSigner:
        """Signs click and share tokens."""
        return self.redirect_resolver.signer

    def send(self, line: ContentShared) -> None:
        """Returns once the log has the fact. Raises NotDurable or Overloaded."""
        self.redirect_resolver.publisher.publish(EVENTS, [(fact_key(line), msgspec.json.encode(line))])
        counter("ingest_accepted").inc()

    def send_all(self, lines: Sequence[ClickReclassed]) -> None:
        """Returns once the log has all lines. Raises NotDurable or Overloaded; then some may have been written."""
        if lines:
            keyed = [(fact_key(line), msgspec.json.encode(line)) for line in lines]
            self.redirect_resolver.publisher.publish(EVENTS, keyed)

    def link_url(self, code: str) -> str:
        """The link of a code, which people share."""
        return f"{self.public_url}/{code}"

    def share_page_url(self, code: str) -> str:
        """The URL of a code's share page."""
        return f"{self.public_url}/s/{code}"


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app made by `create_app`, and returns it."""
    shared: Context = app.extensions["referral"]
    app.extensions[_NAME] = Dependencies(
        store=Store(shared.follower, shared.catalog_writer(), shared.redis),
        redirect_resolver=_redirect_resolver(shared),
        usage_counter=UsageCounter(shared.redis),
        share_rate_limit=ShareRateLimit(shared.redis),
        pictures=Pictures(),
        public_url=shared.settings.public_url.rstrip("/"),
    )
    return app


def _redirect_resolver(shared: Context) -> RedirectResolver:
    signer, limit = TokenSigner(shared.key_ring), ClickLimit(shared.settings.clicks_per_minute)
    return RedirectResolver(shared.clock, signer, shared.publisher(), limit)


def dependencies() -> Dependencies:
    """The dependencies of the app that handles this request."""
    current: Dependencies = current_app.extensions[_NAME]
    return current
