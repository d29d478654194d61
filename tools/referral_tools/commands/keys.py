"""`referral keys create|list|rotate|revoke`: API keys. It writes to the catalog directly, and stores only digests."""

from datetime import datetime, timedelta

import click
from msgspec.structs import replace

from referral.events.entities import ApiKey
from referral.events.ids import random_id
from referral.events.timestamps import to_ms
from referral.http.api_keys import SCOPES, generate_secret
from referral.http.bearer_token import secret_digest
from referral_tools.catalog_access import CatalogAccess, open_catalog
from referral_tools.commands.expiry_option import DURATION, EXPIRY, Expiry
from referral_tools.commands.key_table import key_table, read_uses, when
from referral_tools.help_group import HelpGroup

_KEY_ID = click.argument("key_id", metavar="KEY_ID")
_LONGEST_NAME = 64
_EXPIRES = click.option(
    "--expires", type=EXPIRY, help="when it ends: after a time such as 90d or 12h, or on a date such as 2027-06-30"
)


def _name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    """The name in the form in which the list shows it: a longer one would make a record that no service reads."""
    if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"must have 1 to {_LONGEST_NAME} visible characters in one line; has {len(name)}")
    return name.strip()


@click.group(cls=HelpGroup)
def keys() -> None:
    """Create, list, rotate and revoke API keys. Needs Kafka (REFERRAL_KAFKA, or that of var/run.json), not the services."""


@keys.command()
@click.option("--name", required=True, callback=_name, help="what the key is for; shown in the list")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="what it may do; may be repeated"
)
@click.option(
    "--program", "programs", multiple=True, help="a program it is bound to; may be repeated; all programs by default"
)
@_EXPIRES
def create(name: str, scopes: tuple[str, ...], programs: tuple[str, ...], expires: Expiry | None) -> None:
    """Create a key. Its secret is printed once and not stored."""
    secret = generate_secret()
    with open_catalog() as opened:
        key = ApiKey(
            recorded_at=opened.now,
            id=random_id("key"),
            digest=secret_digest(secret),
            name=name,
            scopes=scopes,
            programs=programs,
            expires_at=_expiry(opened, expires),
        )
        _warn_about_unknown_programs(opened, programs)
        opened.write(key)
    click.echo(f"{key.id} ({name}): {', '.join(scopes)}. The secret is shown only once:", err=True)
    click.echo(secret)


@keys.command("list")
def list_keys() -> None:
    """List all keys, including revoked and expired ones; a rotated key has a row for each of its secrets."""
    with open_catalog() as opened:
        secrets = opened.catalog.api_keys()
        uses = read_uses(opened.settings, secrets)
        rows = key_table(secrets, uses, to_ms(opened.now))
    click.echo(rows if secrets else "no API keys: `referral keys create` creates one")


@keys.command()
@_KEY_ID
@click.option(
    "--overlap",
    type=DURATION,
    default="7d",
    show_default=True,
    help="how long the previous secret stays valid, such as 7d or 12h; 0d ends it at once",
)
@_EXPIRES
def rotate(key_id: str, overlap: timedelta, expires: Expiry | None) -> None:
    """Give the key KEY_ID (key_…) a new secret, which is printed once. The previous one stays valid for the overlap.

    The key keeps its id, scopes and programs, and the date it expires on unless --expires gives another.
    """
    secret = generate_secret()
    with open_catalog() as opened:
        newest = _require_secrets(opened, key_id)[-1]
        expires_at = _expiry(opened, expires) or newest.expires_at
        if expires_at is not None and expires_at <= opened.now:
            raise click.ClickException(f"{key_id} expired at {when(expires_at)}: give a new date with --expires")
        rotated = replace(newest, recorded_at=opened.now, digest=secret_digest(secret), expires_at=expires_at)
        end = opened.now + overlap
        opened.write(rotated, *_ending_at(end, opened, key_id))
    click.echo(f"{key_id} ({newest.name}) has a new secret; the previous one is valid until {when(end)} UTC.", err=True)
    click.echo(secret)


@keys.command()
@_KEY_ID
def revoke(key_id: str) -> None:
    """Revoke the key KEY_ID (key_…) with all its secrets: requests with it are refused within seconds."""
    with open_catalog() as opened:
        secrets = _require_secrets(opened, key_id, revoked=True)
        opened.write(*(replace(key, recorded_at=opened.now, revoked=True) for key in secrets))
    click.echo(f"{key_id} ({secrets[-1].name}) is revoked")


def _require_secrets(opened: CatalogAccess, key_id: str, *, revoked: bool = False) -> list[ApiKey]:
    """The records of a key, the newest last. Raises ClickException for an unknown key, and a revoked one unless `revoked`."""
    secrets = [key for key in opened.catalog.api_keys() if key.id == key_id]
    if not secrets:
        raise click.ClickException(f"there is no key {key_id}: `referral keys list` lists the existing ones")
    if secrets[-1].revoked and not revoked:
        raise click.ClickException(f"{key_id} is revoked: `referral keys create` creates a new key")
    return secrets


def _ending_at(end: datetime, opened: CatalogAccess, key_id: str) -> list[ApiKey]:
    """The key's present secrets, each with this end unless it ends earlier. They keep their `recorded_at`, and so their order."""
    present = _require_secrets(opened, key_id)
    return [replace(key, expires_at=end) for key in present if key.expires_at is None or key.expires_at > end]


def _expiry(opened: CatalogAccess, expires: Expiry | None) -> datetime | None:
    """The moment that an option means. Raises ClickException for one in the past."""
    if expires is None:
        return None
    at = opened.now + expires if isinstance(expires, timedelta) else expires
    if at <= opened.now:
        raise click.ClickException(f"--expires must be in the future; got {when(at)}, now is {when(opened.now)} UTC")
    return at


def _warn_about_unknown_programs(opened: CatalogAccess, programs: tuple[str, ...]) -> None:
    for program in programs:
        if opened.catalog.program(program) is None:
            click.echo(f"note: there is no program {program} yet; the key is valid for it once it is applied", err=True)
