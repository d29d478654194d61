"""The API key of a system on this machine, for development."""

from dataclasses import replace
from pathlib import Path

from referral.catalog.writer import CatalogWriter
from referral.clock import clock_from
from referral.config import Settings
from referral.events import ids
from referral.events.entities import ApiKey
from referral.events.timestamps import to_datetime
from referral.http.api_keys import generate_secret
from referral.http.bearer_token import secret_digest
from referral.log.errors import NotDurable
from referral_tools.private_files import load_or_create_secret

_PATIENCE_MS = 20_000  # a broker that has just started, beside all that starts with it, may answer nothing for seconds


def write_development_key(settings: Settings, home: Path, name: str) -> str:
    """Puts an API key that may do everything into the catalog, and returns its secret: the same for the same data."""
    secret = settings.dev_key or load_or_create_secret(home / "api-key", generate_secret)
    writer = CatalogWriter(replace(settings, ack_timeout_ms=_PATIENCE_MS), clock_from(settings.clock))
    now = to_datetime(clock_from(settings.clock).now_ms())
    key = ApiKey(
        recorded_at=now, id=ids.derive_id("key", secret), digest=secret_digest(secret), name=name, scopes=("admin",)
    )
    _write(writer, key)
    writer.close()
    return secret


def _write(writer: CatalogWriter, key: ApiKey) -> None:
    """Writes a key, again where a machine that is busy starting did not acknowledge in time: it is the same record."""
    for tries_left in reversed(range(10)):
        try:
            writer.write([key])
        except NotDurable:
            if not tries_left:
                raise
        else:
            return
