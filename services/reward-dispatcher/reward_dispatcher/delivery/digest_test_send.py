"""Sends the newest digest of a program to one of its targets at once, to see whether the target takes it. Nothing is on the log."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.config import Settings
from referral.digest_targets import digest_secret_name
from referral.events.deliveries import GrowthDigest
from referral.events.ids import random_id
from referral.events.promoter_messages import Digest, DigestKind
from referral.events.timestamps import to_datetime
from referral.mail import mailer_of
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.connections import ReceiverConnections, receiver_connections
from reward_dispatcher.delivery.digest_attempts import DigestAttempts
from reward_dispatcher.delivery.digest_client import DigestClient
from reward_dispatcher.domain.digest_period import newest_period
from reward_dispatcher.domain.mail_endpoint import digest_endpoint
from reward_dispatcher.domain.message_delivery import MessageDelivery


class NoDigest(Exception):
    """There is nothing to send, or nothing to send it with; `code` is `no_digest`, `no_digest_target` or `no_mail_server`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SentDigest:
    """The days that the digest was about, and how the attempt ended."""

    digest: GrowthDigest
    result: AttemptResult


class DigestTestSender:
    """Thread-safe. Tests pass `connections` that lead to a server of theirs."""

    def __init__(
        self,
        settings: Settings,
        catalog: Callable[[], Catalog],
        clock: Clock,
        connections: Callable[[], ReceiverConnections] | None = None,
    ) -> None:
        self._settings, self._catalog, self._clock = settings, catalog, clock
        self._connections = connections or (lambda: receiver_connections(loopback=settings.webhook_loopback))

    def send(self, program: str, kind: DigestKind) -> SentDigest:
        """Sends the digest that was due last, once; blocks for up to half a minute. Raises NoDigest."""
        digest = self._newest(program)
        self._check_target(program, kind)
        now_ms = self._clock.now_ms()
        endpoint = digest_endpoint(program, kind)
        delivery = MessageDelivery(endpoint, random_id("dig"), digest, now_ms, now_ms, test=True)
        return SentDigest(digest, asyncio.run(self._attempt(kind, delivery)))

    async def _attempt(self, kind: DigestKind, delivery: MessageDelivery) -> AttemptResult:
        ring, connections = self._settings.key_ring(), self._connections()
        client = DigestClient(self._settings.leaderboard, ring)
        mailer = mailer_of(self._settings)
        attempts = DigestAttempts(connections.post, mailer, client, self._catalog(), ring, self._clock)
        try:
            return await attempts.attempt(kind, delivery, proven=False)
        finally:
            client.close()
            await connections.close()

    def _newest(self, program: str) -> GrowthDigest:
        now_ms = self._clock.now_ms()
        terms = self._catalog().program_at(program, now_ms)
        settings = terms.program.messages.digest if terms and terms.program.messages else None
        if terms is None or not isinstance(settings, Digest):
            raise NoDigest("no_digest", "The program sends no digest. Add `messages.digest` to its file, and apply it.")
        period = newest_period(settings, terms.program.timezone, now_ms)
        return GrowthDigest(
            occurred_at=to_datetime(period.due_ms), program=program, first=period.first, last=period.last
        )

    def _check_target(self, program: str, kind: DigestKind) -> None:
        name = digest_secret_name(kind)
        secret = self._catalog().adapter_secret(program, name)
        if secret is None or not secret.sealed:
            command = f"`referral adapters set {name} {program} --token-file FILE`"
            raise NoDigest("no_digest_target", f"The program has no target for digests by {kind}. Set it: {command}.")
        if kind == "email" and mailer_of(self._settings) is None:
            detail = "This system has no mail server: set REFERRAL_SMTP_HOST and REFERRAL_SMTP_SENDER, and restart it."
            raise NoDigest("no_mail_server", detail)
