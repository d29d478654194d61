"""Schedules the digests to growth teams: one delivery for each period and target of a program.

Each worker does so for every program. The id follows from program, target and period, and the fold ignores a second line for a
message that it knows, so that each digest is one delivery.
"""

from collections.abc import Awaitable, Callable, Iterator

import msgspec

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.digest_targets import digest_secret_name
from referral.events.deliveries import DeliveryScheduled, GrowthDigest
from referral.events.entities import ProgramVersion
from referral.events.ids import derive_id
from referral.events.promoter_messages import DIGEST_KINDS, Digest, DigestKind
from referral.events.timestamps import to_datetime, to_ms
from reward_dispatcher.domain.digest_period import LATEST_MS, DigestPeriod, newest_period
from reward_dispatcher.domain.mail_endpoint import digest_endpoint

_encode = msgspec.json.Encoder().encode


class DigestScheduler:
    """Belongs to one event loop. `write` writes a line of an endpoint and returns once it is durable."""

    def __init__(self, catalog: Catalog, write: Callable[[str, bytes], Awaitable[int]], clock: Clock) -> None:
        self._catalog = catalog
        self._write = write
        self._clock = clock
        self._written: dict[str, str] = {}  # by endpoint: the newest digest

    async def schedule_due(self) -> None:
        """Schedules what is due now and was not scheduled by this process yet."""
        now_ms = self._clock.now_ms()
        for program in self._catalog.programs():
            for line in list(self._lines(program, now_ms)):
                if self._written.get(line.webhook) != line.message:
                    await self._write(line.webhook, _encode(line))
                    self._written[line.webhook] = line.message

    def _lines(self, program: str, now_ms: int) -> Iterator[DeliveryScheduled]:
        terms = self._catalog.program_at(program, now_ms)
        digest = _digest_of(terms)
        if terms is None or digest is None:
            return
        period = newest_period(digest, terms.program.timezone, now_ms)
        was_due = digest == _digest_of(self._catalog.program_at(program, period.due_ms))
        if not was_due or now_ms - period.due_ms > LATEST_MS:
            return
        for kind in DIGEST_KINDS:
            if self._is_set(program, kind, period.due_ms):
                yield _line(program, kind, period, now_ms)

    def _is_set(self, program: str, kind: DigestKind, due_ms: int) -> bool:
        """Whether there was a target when the digest was due."""
        secret = self._catalog.adapter_secret(program, digest_secret_name(kind))
        return secret is not None and bool(secret.sealed) and to_ms(secret.recorded_at) <= due_ms


def _digest_of(terms: ProgramVersion | None) -> Digest | None:
    return terms.program.messages.digest if terms is not None and terms.program.messages is not None else None


def _line(program: str, kind: DigestKind, period: DigestPeriod, now_ms: int) -> DeliveryScheduled:
    content = GrowthDigest(
        occurred_at=to_datetime(period.due_ms), program=program, first=period.first, last=period.last
    )
    return DeliveryScheduled(
        occurred_at=to_datetime(now_ms),
        program=program,
        webhook=digest_endpoint(program, kind),
        message=derive_id("dig", program, kind, period.first.isoformat(), period.last.isoformat()),
        content=content,
    )
