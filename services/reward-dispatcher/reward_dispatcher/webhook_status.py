"""The state of each webhook, reported by the delivery workers to Redis and read by the HTTP API; after a loss it is reported again.

One hash for each webhook, removed 30 days after its last report: the times of the last success and the last failure of all workers,
and for each worker how many messages wait there and whether the receiver is failing.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

_TTL_S = 30 * 24 * 3600
_FRESH_MS = 30_000  # workers report every second while messages wait; an older report is of a worker that ended
_WORKER = "worker:"
_encode = msgspec.json.Encoder().encode


class WorkerReport(Struct, frozen=True, array_like=True):
    """What one worker knows of a webhook: when it reported (ms), messages that wait, whether the last attempts failed."""

    at_ms: int
    waiting: int
    failing: bool


class WebhookStatus(Struct, frozen=True):
    """The state of a webhook over all workers. Times are milliseconds since the epoch; None: not within 30 days."""

    last_success_ms: int | None = None
    last_failure_ms: int | None = None
    last_failure: str | None = None
    waiting: int = 0
    failing: bool = False


class EndpointReport(Struct, frozen=True):
    """What a worker reports of a webhook."""

    worker: WorkerReport
    last_success_ms: int | None
    last_failure_ms: int | None
    last_failure: str | None


def webhook_status_key(webhook: str) -> str:
    """The Redis key of a webhook's state, a hash."""
    return f"rd:webhook:{webhook}"


async def write_reports(redis: "AsyncRedis", worker: str, reports: Mapping[str, EndpointReport]) -> None:
    """Writes the reports of a worker by webhook. Raises redis's errors."""
    async with redis.pipeline(transaction=False) as pipeline:
        for webhook, report in reports.items():
            given = {
                "last_success_ms": report.last_success_ms,
                "last_failure_ms": report.last_failure_ms,
                "last_failure": report.last_failure,
                f"{_WORKER}{worker}": _encode(report.worker),
            }
            key = webhook_status_key(webhook)
            pipeline.hset(key, mapping={name: value for name, value in given.items() if value is not None})
            pipeline.expire(key, _TTL_S)
        await pipeline.execute()


def read_statuses(redis: "Redis", webhooks: Sequence[str], now_ms: int) -> list[WebhookStatus]:
    """Returns the state of each webhook. Raises redis's errors."""
    with redis.pipeline(transaction=False) as pipeline:
        for webhook in webhooks:
            pipeline.hgetall(webhook_status_key(webhook))
        return [combine_reports(fields, now_ms) for fields in pipeline.execute()]


def combine_reports(fields: Mapping[bytes, bytes], now_ms: int) -> WebhookStatus:
    """Returns the state that a hash holds; workers that reported less than 30 seconds ago count."""
    reports = [report for name, report in fields.items() if name.startswith(_WORKER.encode())]
    workers = [msgspec.json.decode(report, type=WorkerReport) for report in reports]
    current = [one for one in workers if now_ms - one.at_ms < _FRESH_MS]
    failure = fields.get(b"last_failure")
    return WebhookStatus(
        last_success_ms=_number(fields, b"last_success_ms"),
        last_failure_ms=_number(fields, b"last_failure_ms"),
        last_failure=failure.decode() if failure is not None else None,
        waiting=sum(one.waiting for one in current),
        failing=any(one.failing for one in workers if one.at_ms == max(other.at_ms for other in workers)),
    )


def _number(fields: Mapping[bytes, bytes], name: bytes) -> int | None:
    return int(fields[name]) if name in fields else None
