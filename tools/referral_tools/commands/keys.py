"""`referral keys create|list|revoke`: API keys. It writes to the catalog directly, and stores only digests."""

import click
from msgspec.structs import replace

from referral.events.entities import ApiKey
from referral.events.ids import random_id
from referral.http.api_keys import SCOPES, generate_secret
from referral.http.bearer_token import secret_digest
from referral_tools.catalog_access import open_catalog


@click.group()
def keys() -> None:
    """Create, list and revoke API keys. Needs Kafka (REFERRAL_KAFKA), not the services."""


@keys.command()
@click.option("--name", required=True, help="what the key is for; shown in the list")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="what it may do; may be repeated"
)
@click.option(
    "--program", "programs", multiple=True, help="a program it is bound to; may be repeated; all programs by default"
)
def create(name: str, scopes: tuple[str, ...], programs: tuple[str, ...]) -> None:
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
        )
        opened.write(key)
    click.echo(f"{key.id} ({name}): {', '.join(scopes)}. The secret is shown only once:", err=True)
    click.echo(secret)


@keys.command("list")
def list_keys() -> None:
    """List all keys, including revoked ones."""
    with open_catalog() as opened:
        for key in opened.catalog.api_keys():
            bound = ", ".join(key.programs) or "all programs"
            state = "  REVOKED" if key.revoked else ""
            click.echo(f"{key.id}  {key.name}  [{', '.join(key.scopes)}]  {bound}{state}")


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke the key KEY_ID (key_…): requests with it are refused within seconds."""
    with open_catalog() as opened:
        found = next((key for key in opened.catalog.api_keys() if key.id == key_id), None)
        if found is None:
            raise click.ClickException(f"there is no key {key_id}: `referral keys list` lists the existing ones")
        opened.write(replace(found, recorded_at=opened.now, revoked=True))
    click.echo(f"{key_id} ({found.name}) is revoked")
