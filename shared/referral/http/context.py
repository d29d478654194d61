"""The context of an HTTP process: what its views share, from settings to uses of keys. Created by the app factory."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from flask import current_app

from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import Clock
from referral.config import Settings
from referral.http.bounded_body import BodyReaders
from referral.http.key_uses import KeyUses
from referral.http.rate_limit import RateLimiter
from referral.key_ring import KeyRing
from referral.log.publisher import Publisher
from referral.people.people_view import People
from referral.people.people_writer import PeopleWriter
from referral.people.pseudonym_key_check import PseudonymKeyCheck
from referral.people.pseudonyms import Pseudonyms
from referral.redis_client import RedisClient

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Context:
    """The shared dependencies of the views of a process."""

    settings: Settings
    clock: Clock
    follower: CatalogFollower
    redis: RedisClient
    limiter: RateLimiter
    body_readers: BodyReaders
    key_uses: KeyUses
    key_ring: KeyRing
    pseudonyms: Pseudonyms
    pseudonym_key: PseudonymKeyCheck
    people: People  # external ids, names and texts by person id; a look-up costs as in `catalog`
    catalog: Catalog  # the current view; a look-up that finds nothing costs the caller of the request
    gauges: dict[str, Callable[[], float]] = field(default_factory=dict)  # by metric name; read for each scrape
    _closers: list[Callable[[], None]] = field(default_factory=list)

    def publisher(self) -> Publisher:
        """Returns the publisher of a service, which has one. `close` sends the lines that it still holds."""
        publisher = Publisher(self.settings, self.clock)
        self.gauges["publisher_in_flight"] = publisher.in_flight
        self.on_close(publisher.close)
        return publisher

    def catalog_writer(self) -> CatalogWriter:
        """Returns the catalog writer of a service."""
        writer = CatalogWriter(self.settings, self.clock)
        self.on_close(writer.close)
        return writer

    def people_writer(self) -> PeopleWriter:
        """Returns the writer of people of a service."""
        writer = PeopleWriter(self.settings, self.clock)
        self.on_close(writer.close)
        return writer

    def on_close(self, close: Callable[[], None]) -> None:
        """Registers what to close when the process stops serving; the last registered is closed first."""
        self._closers.append(close)

    def close(self) -> None:
        """Closes everything that was registered. An error is logged and does not stop the others from being closed."""
        while self._closers:
            close = self._closers.pop()
            try:
                close()
            except Exception as error:  # noqa: BLE001 - the process ends; the others must still be closed
                log.warning("closing failed", what=str(close), reason=f"{type(error).__name__}: {error}")


def context() -> Context:
    """Returns the context of the app that handles this request."""
    found: Context = current_app.extensions["referral"]
    return found
