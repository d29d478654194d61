"""`referral keyring list|reseal`: the keys of this installation, and what is sealed with them. Never shows a key."""

from collections import Counter

import click

from referral.encryption import DecryptionFailed
from referral.key_ring import PURPOSES, KeyPurpose, KeyRing
from referral_tools.catalog_access import open_catalog
from referral_tools.help_group import HelpGroup
from referral_tools.resealing import IN_CLEAR, entity_name, reseal, sealed_with, sealing_entities
from referral_tools.text_columns import table

_HEADS = ("PURPOSE", "KEY", "USE", "SEALED IN THE CATALOG")
_SIGNING_KEY = "REFERRAL_SIGNING_KEY"
_SEALING: KeyPurpose = "sealing"


@click.group(cls=HelpGroup)
def keyring() -> None:
    """Show and use the key ring (REFERRAL_KEYS, REFERRAL_SIGNING_KEY) of the services. Needs Kafka (REFERRAL_KAFKA)."""


@keyring.command("list")
def list_ring() -> None:
    """List the keys by purpose, and how many entities of the catalog each has sealed; a missing key is named."""
    with open_catalog(sealing=True) as opened:
        ring = opened.settings.key_ring()
        counts = Counter((_SEALING, id_) for entity in sealing_entities(opened.catalog) for id_ in sealed_with(entity))
    rows = [row for purpose in PURPOSES for row in _rows(ring, purpose, counts)]
    missing = [use for use in sorted(counts) if ring.find(*use) is None]
    rows += [_missing_row(purpose, id_, counts[purpose, id_]) for purpose, id_ in missing]
    click.echo(table(_HEADS, rows))


@keyring.command("reseal")
def reseal_all() -> None:
    """Seal every secret of the catalog with the newest key. Can be repeated."""
    with open_catalog(sealing=True) as opened:
        ring = opened.settings.key_ring()
        every = sealing_entities(opened.catalog)
        old = [entity for entity in every if sealed_with(entity) != {ring.newest(_SEALING).id}]
        failures = []
        for entity in old:
            try:
                opened.write(reseal(entity, ring))
            except DecryptionFailed as error:
                failures.append(f"{entity_name(entity)}: {error}")
    click.echo(f"{len(old) - len(failures)} sealed with the newest key")
    if failures:
        raise click.ClickException("\n".join(["these could not be read:", *failures]))


def _rows(ring: KeyRing, purpose: KeyPurpose, counts: Counter[tuple[KeyPurpose, str]]) -> list[tuple[str, ...]]:
    keys = ring.all(purpose)
    uses = ["newest", *("reads" for _ in keys[1:])]
    shown = [str(counts[purpose, key.id]) if purpose == _SEALING else "" for key in keys]
    return [(purpose, key.id or _SIGNING_KEY, use, sealed) for key, use, sealed in zip(keys, uses, shown, strict=True)]


def _missing_row(purpose: KeyPurpose, id_: str, count: int) -> tuple[str, ...]:
    if id_ == IN_CLEAR:
        return purpose, IN_CLEAR, "referral keyring reseal", str(count)
    return purpose, id_ or _SIGNING_KEY, "MISSING: add it again", str(count)
