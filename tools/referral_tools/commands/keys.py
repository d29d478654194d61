"""`referral keys create|list|revoke`: API keys, written to the catalog by who can reach the log. Only digests are stored."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import click
from msgspec.structs import replace

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import clock_from
from referral.config import ConfigError, Settings
from referral.events.entities import ApiKey
from referral.events.ids import fresh
from referral.events.moment import to_datetime
from referral.http.keys import SCOPES, digest, fresh_secret
from referral.log.errors import NotDurable

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys in the catalog."""

    catalog: Catalog
    writer: CatalogWriter
    now: datetime

    def put(self, key: ApiKey) -> None:
        self.writer.put([key], _TIMEOUT_S)


@click.group()
def keys() -> None:
    """Make API keys, list them, revoke them. Needs the log (REFERRAL_KAFKA), not the services."""


@keys.command()
@click.option("--name", required=True, help="what the key is for, as you will find it in the list")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="what it may do; may be repeated"
)
@click.option(
    "--program", "programs", multiple=True, help="the program it is bound to; may be repeated; all when left out"
)
def create(name: str, scopes: tuple[str, ...], programs: tuple[str, ...]) -> None:
    """Make a key. Its secret is printed once, and stored nowhere."""
    secret = fresh_secret()
    with _opened() as opened:
        key = ApiKey(
            recorded_at=opened.now, id=fresh("key"), digest=digest(secret), name=name, scopes=scopes, programs=programs
        )
        opened.put(key)
    click.echo(f"{key.id} ({name}): {', '.join(scopes)}. The secret is shown this once:", err=True)
    click.echo(secret)


@keys.command("list")
def list_keys() -> None:
    """List the keys, revoked ones too."""
    with _opened() as opened:
        for key in opened.catalog.api_keys():
            bound = ", ".join(key.programs) or "all programs"
            state = "  REVOKED" if key.revoked else ""
            click.echo(f"{key.id}  {key.name}  [{', '.join(key.scopes)}]  {bound}{state}")


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke the key KEY_ID (key_…): requests with it are refused within seconds."""
    with _opened() as opened:
        found = next((key for key in opened.catalog.api_keys() if key.id == key_id), None)
        if found is None:
            raise click.ClickException(f"there is no key {key_id}: `referral keys list` shows those there are")
        opened.put(replace(found, recorded_at=opened.now, revoked=True))
    click.echo(f"{key_id} ({found.name}) is revoked")


@contextmanager
def _opened() -> Iterator[_Keys]:
    """The keys as known now. Ends the command with a message where the log is away or the configuration wrong."""
    try:
        settings = Settings.from_env({"REFERRAL_SIGNING_KEY": "unused: a key is not a token" + "." * 8, **os.environ})
        clock = clock_from(settings.clock)
        reader, writer = CatalogReader(settings, Catalog()), CatalogWriter(settings, clock)
        try:
            reader.read_to_end(_TIMEOUT_S)
            yield _Keys(reader.view, writer, to_datetime(clock.now_ms()))
        finally:
            writer.close()
            reader.close()
    except (ConfigError, NotDurable, ValueError) as error:
        raise click.ClickException(str(error)) from error
