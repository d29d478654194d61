"""What a request can use: settings, clock, catalog, Redis, limits. One per process, made by the app factory, found through it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from flask import current_app
from redis import Redis

from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import Clock
from referral.config import Settings
from referral.http.rate_limit import RateLimiter
from referral.log.publisher import Publisher

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of an HTTP process."""

    settings: Settings
    clock: Clock
    follower: CatalogFollower
    redis: "Redis"
    limiter: RateLimiter
    gauges: dict[str, Callable[[], float]] = field(
        default_factory=dict
    )  # read when metrics are asked for, by table name
    _closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def catalog(self) -> Catalog:
        """The catalog as known now."""
        return self.follower.view

    def publisher(self) -> Publisher:
        """The way to the log for a service, which has one; what it holds at the end is still sent."""
        made = Publisher(self.settings, self.clock)
        self.gauges["collector_in_flight"] = made.in_flight
        self.on_close(made.close)
        return made

    def catalog_writer(self) -> CatalogWriter:
        """The way to the catalog for a service that writes it."""
        made = CatalogWriter(self.settings, self.clock)
        self.on_close(made.close)
        return made

    def on_close(self, end: Callable[[], None]) -> None:
        """Has `end` called when the process stops serving, the last one first; what a service opened, it closes here."""
        self._closers.append(end)

    def close(self) -> None:
        """Closes all that was opened. Each is closed, whatever happens to the others."""
        while self._closers:
            end = self._closers.pop()
            try:
                end()
            except Exception as error:  # noqa: BLE001 - the process is leaving; what is left has to be closed too
                log.warning("could not close", what=str(end), reason=f"{type(error).__name__}: {error}")


def context() -> Context:
    """The context of the app that handles this request."""
    found: Context = current_app.extensions["referral"]
    return found
