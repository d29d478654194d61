"""Makes one attempt to deliver a message: builds and signs its body with what is valid now, posts it, and names the outcome."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpcore

from referral.clock import Clock
from referral.encryption import DecryptionFailed
from referral.events.deliveries import AttemptFailure, MessageContent
from referral.events.entities import Webhook
from referral.key_ring import KeyRing
from referral.outbound.guarded_backend import AddressRefused
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.connections import Answer
from reward_dispatcher.delivery.excerpts import MAX_EXCERPT, excerpt_of
from reward_dispatcher.delivery.retry_after import parse_retry_after
from reward_dispatcher.delivery.signatures import signed_headers
from reward_dispatcher.delivery.warning_mail import WarningMails
from reward_dispatcher.domain.mail_endpoint import is_mail
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.webhook_secrets import live_secret_pairs

TIMEOUT_S = 20.0
_GONE = 410  # Standard Webhooks: the receiver does not want further messages


class BuildBody(Protocol):
    """Builds bodies."""

    def __call__(self, content: MessageContent, *, test: bool) -> Awaitable[bytes]:
        """Returns the body of an attempt. Raises DecryptionFailed and LogUnavailable."""


class Post(Protocol):
    """Sends requests to receivers."""

    def __call__(
        self, receiver: str, url: str, headers: dict[str, str], body: bytes, timeout_s: float, *, proven: bool
    ) -> Awaitable[Answer]:
        """Returns the response of a receiver. Raises TimeoutError, OSError or httpcore's errors."""


class Sender:
    """Makes attempts; belongs to one event loop. `ring` opens the secrets of webhooks, which `clock` ends after a rotation.

    `mails` makes those of e-mails; None without: they are missed.
    """

    def __init__(
        self,
        post: Post,
        build_body: BuildBody,
        ring: KeyRing,
        clock: Clock,
        mails: WarningMails | None = None,
        real_time_s: Callable[[], float] = time.time,
    ) -> None:
        self._post = post
        self._build_body = build_body
        self._ring = ring
        self._clock = clock
        self._mails = mails or WarningMails(None, ring)
        self._real_time_s = real_time_s

    async def attempt(self, webhook: Webhook, delivery: MessageDelivery, *, proven: bool) -> AttemptResult:
        """Returns how the attempt ended. Raises LogUnavailable if it is not known yet who the beneficiary is.

        `proven` is whether the receiver responded lately.
        """
        if is_mail(delivery.webhook):
            return await self._mails.attempt(webhook, delivery)
        try:
            body = await self._build_body(delivery.content, test=delivery.test)
            pairs = live_secret_pairs(self._ring, webhook, self._clock.now_ms())
        except DecryptionFailed as error:
            return AttemptResult("unsent", "unreadable", excerpt=str(error)[:MAX_EXCERPT])
        # The receiver compares the timestamp with its own clock, so it is the real time even in a simulation.
        headers = signed_headers(pairs, delivery.id, body, int(self._real_time_s()))
        try:
            answer = await self._post(webhook.id, webhook.url, headers, body, TIMEOUT_S, proven=proven)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: the message was not accepted
            return AttemptResult("failed", _failure_of(error), excerpt=_describe(error))
        return self._result(answer, body)

    def _result(self, answer: Answer, body: bytes) -> AttemptResult:
        if 200 <= answer.status < 300:
            return AttemptResult("accepted", status=answer.status)
        return AttemptResult(
            "gone" if answer.status == _GONE else "failed",
            "status",
            min(max(answer.status, 100), 999),
            parse_retry_after(answer.retry_after, self._real_time_s()),
            excerpt_of(answer.beginning, body),
        )


def _failure_of(error: Exception) -> AttemptFailure:
    if isinstance(error, TimeoutError | httpcore.TimeoutException):
        return "timeout"
    return "address" if isinstance(error, AddressRefused) else "connection"


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_EXCERPT]
