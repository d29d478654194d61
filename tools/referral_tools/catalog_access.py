"""The catalog for commands of an operator: read to its end, and written, by who can reach the log. No service takes part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import click

from referral.catalog.catalog_source import open_source
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import clock_from
from referral.config import ConfigError, Settings
from referral.events.entities import CatalogEntity
from referral.events.timestamps import to_datetime
from referral.log.errors import LogUnavailable, NotDurable
from referral_tools.run_file import running_addresses

_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 120.0  # where no directory is there yet, the whole log is read
_NO_KEY = "unused: what is written needs no signing key"


@dataclass(frozen=True, slots=True)
class CatalogAccess:
    """The catalog as known now, and a way to write to it."""

    catalog: Catalog
    settings: Settings
    now: datetime
    _writer: CatalogWriter

    def write(self, *entities: CatalogEntity) -> None:
        """Returns once the entities are durable. Raises NotDurable."""
        self._writer.write(entities, _TIMEOUT_S)


@contextmanager
def open_catalog(*, sealing: bool = False) -> Iterator[CatalogAccess]:
    """The catalog as known now; `sealing` requires the signing key of the services.

    Ends the command with a message where the log is away or the configuration wrong.
    """
    try:
        defaults = {} if sealing else {"REFERRAL_SIGNING_KEY": _NO_KEY}
        settings = Settings.from_env(defaults | running_addresses(os.environ) | os.environ)
        clock = clock_from(settings.clock)
        source, writer = open_source(settings), CatalogWriter(settings, clock)
        try:
            source.read_to_end(_READ_TIMEOUT_S)
            yield CatalogAccess(source.view, settings, to_datetime(clock.now_ms()), writer)
        finally:
            writer.close()
            source.close()
    except (ConfigError, LogUnavailable, NotDurable, ValueError) as error:
        raise click.ClickException(str(error)) from error
