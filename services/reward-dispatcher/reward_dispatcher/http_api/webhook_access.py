"""The webhook that a request names: as it is now, and held while one request changes it, since a change writes the whole record."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import g
from redis.exceptions import RedisError

from referral.events.entities import Webhook
from referral.http.api_keys import require_program_access
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.errors import NotDurable
from referral.polling import becomes_true

_WAIT_S = 2.0
_HELD_MS = 30_000  # longer than a change takes; a process that is killed during one blocks others for so long
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


def require_webhook(webhook_id: str) -> Webhook:
    """Returns the webhook as it is now. Raises Problem 404 if it is unknown or removed, 403 for a key of another program."""
    context().follower.read_to_end()
    webhook = context().catalog.webhook(webhook_id)
    if webhook is None or webhook.removed:
        raise Problem(404, "unknown_webhook", f"Unknown webhook {webhook_id!r}. GET /v1/webhooks lists them.")
    require_program_access(g.key, webhook.program)
    return webhook


@contextmanager
def changing_webhook(webhook_id: str) -> Iterator[Webhook]:
    """Yields the webhook as it is now, while no other request changes it. Raises as `require_webhook` and `exclusive_change`."""
    require_webhook(webhook_id)
    with exclusive_change(webhook_id):
        yield require_webhook(webhook_id)


@contextmanager
def exclusive_change(id: str) -> Iterator[None]:
    """Holds other changes of a webhook, or of a program's list of them, until the block ends. Read inside it what it changes.

    Raises Problem 409 if another request holds it for two seconds, and RedisError. A write that was not acknowledged may still
    arrive: then it is held for 30 seconds. If Redis loses the key during a change, the last one of two changes wins.
    """
    redis, key, own = context().redis, f"rd:changing:{id}", secrets.token_hex(8)
    if not becomes_true(lambda: bool(redis.set(key, own, nx=True, px=_HELD_MS)), _WAIT_S):
        detail = f"Another request is changing {id}. Nothing was changed by this one: send it again."
        raise Problem(409, "concurrent_change", detail, headers={"Retry-After": "2"})
    ends = True
    try:
        yield
    except NotDurable:
        ends = False
        raise
    finally:
        if ends:
            with suppress(RedisError):  # the key expires
                redis.register_script(_RELEASE)([key], [own])
