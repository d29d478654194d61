"""The table of `referral keys list`: a row for each secret, with its last use and state."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import click
from redis.exceptions import RedisError

from referral.config import Settings
from referral.events.entities import ApiKey
from referral.events.timestamps import to_datetime
from referral.http.api_keys import is_expired
from referral.http.key_uses import read_key_uses
from referral.redis_client import connect_for_http
from referral_tools.text_columns import table

_HEADS = ("KEY", "NAME", "SCOPES", "PROGRAMS", "SINCE (UTC)", "LAST USED (UTC)", "STATE")


def key_table(keys: Sequence[ApiKey], uses: Mapping[str, int] | None, now_ms: int) -> str:
    """The table. `uses` has the times of last uses (ms) by digest; None if they cannot be read."""
    return table(_HEADS, [_row(key, uses, now_ms) for key in keys])


def read_uses(settings: Settings, keys: Sequence[ApiKey]) -> dict[str, int] | None:
    """When the secrets were last used, by digest; None, with a message, where Redis does not respond."""
    redis = connect_for_http(settings)
    try:
        return read_key_uses(redis, keys)
    except RedisError as error:
        click.echo(f"last uses cannot be read: Redis (REFERRAL_REDIS) gave {type(error).__name__}", err=True)
        return None
    finally:
        redis.close()


def _row(key: ApiKey, uses: Mapping[str, int] | None, now_ms: int) -> tuple[str, ...]:
    used = "?" if uses is None else when(to_datetime(uses[key.digest])) if key.digest in uses else "never"
    programs = ", ".join(key.programs) or "all"
    return key.id, key.name, ", ".join(key.scopes), programs, when(key.recorded_at), used, _state(key, now_ms)


def _state(key: ApiKey, now_ms: int) -> str:
    if key.revoked:
        return "REVOKED"
    if key.expires_at is None:
        return "valid"
    return f"{'EXPIRED' if is_expired(key, now_ms) else 'valid until'} {when(key.expires_at)}"


def when(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"
