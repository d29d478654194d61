"""Makes one attempt to deliver a message: builds and signs its body with what is valid now, posts it, and names the outcome."""

import time
from collections.abc import Awaitable
from typing import Protocol

from referral.clock import Clock
from referral.encryption import DecryptionFailed
from referral.events.deliveries import MessageContent
from referral.events.entities import Webhook
from referral.key_ring import KeyRing
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.connections import Answer
from reward_dispatcher.delivery.digest_attempts import DigestAttempts
from reward_dispatcher.delivery.excerpts import MAX_EXCERPT, excerpt_of
from reward_dispatcher.delivery.post import TIMEOUT_S, Post, failure_of
from reward_dispatcher.delivery.promoter_attempts import PromoterAttempts
from reward_dispatcher.delivery.retry_after import parse_retry_after
from reward_dispatcher.delivery.signatures import signed_headers
from reward_dispatcher.delivery.targets import DigestEndpoint, PeopleTarget, Target, WechatTarget
from reward_dispatcher.delivery.warning_mail import WarningMails
from reward_dispatcher.delivery.wechat_messages import WechatMessages
from reward_dispatcher.domain.mail_endpoint import is_mail
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.webhook_secrets import live_secret_pairs

_GONE = 410  # Standard Webhooks: the receiver does not want further messages


class BuildBody(Protocol):
    """Builds bodies."""

    def __call__(self, content: MessageContent, *, test: bool) -> Awaitable[bytes]:
        """Returns the body of an attempt. Raises DecryptionFailed and LogUnavailable."""


class Sender:
    """Makes attempts; belongs to one event loop. `ring` opens the secrets of webhooks, which `clock` ends after a rotation.

    `mails` makes those of e-mails, `wechat` those of WeChat messages, `promoters` those of messages to people, `digests` those of
    digests; None without: they are missed.
    """

    def __init__(
        self,
        post: Post,
        build_body: BuildBody,
        ring: KeyRing,
        clock: Clock,
        mails: WarningMails | None = None,
        wechat: WechatMessages | None = None,
        promoters: PromoterAttempts | None = None,
        digests: DigestAttempts | None = None,
    ) -> None:
        self._post = post
        self._build_body = build_body
        self._ring = ring
        self._clock = clock
        self._mails = mails or WarningMails(None, ring)
        self._wechat = wechat
        self._promoters = promoters
        self._digests = digests

    async def attempt(self, target: Target, delivery: MessageDelivery, *, proven: bool) -> AttemptResult:
        """Returns how the attempt ended. Raises LogUnavailable if it is not known yet who the beneficiary is.

        `proven` is whether the receiver responded lately.
        """
        if isinstance(target, PeopleTarget):
            return await self._promoters.attempt(delivery) if self._promoters else AttemptResult("missed")
        if isinstance(target, WechatTarget):
            return await self._wechat.attempt(target, delivery) if self._wechat else AttemptResult("missed")
        if isinstance(target, DigestEndpoint):
            digests = self._digests
            return await digests.attempt(target.kind, delivery, proven=proven) if digests else AttemptResult("missed")
        if is_mail(delivery.webhook):
            return await self._mails.attempt(target, delivery)
        return await self._post_message(target, delivery, proven=proven)

    async def _post_message(self, webhook: Webhook, delivery: MessageDelivery, *, proven: bool) -> AttemptResult:
        try:
            body = await self._build_body(delivery.content, test=delivery.test)
            pairs = live_secret_pairs(self._ring, webhook, self._clock.now_ms())
        except DecryptionFailed as error:
            return AttemptResult("unsent", "unreadable", excerpt=str(error)[:MAX_EXCERPT])
        # The receiver compares the timestamp with its own clock, so it is the real time even in a simulation.
        headers = signed_headers(pairs, delivery.id, body, int(time.time()))
        try:
            answer = await self._post(webhook.id, webhook.url, headers, body, TIMEOUT_S, proven=proven)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: the message was not accepted
            return AttemptResult("failed", failure_of(error), excerpt=_describe(error))
        return self._result(answer, body)

    def _result(self, answer: Answer, body: bytes) -> AttemptResult:
        if 200 <= answer.status < 300:
            return AttemptResult("accepted", status=answer.status)
        return AttemptResult(
            "gone" if answer.status == _GONE else "failed",
            "status",
            min(max(answer.status, 100), 999),
            parse_retry_after(answer.retry_after, time.time()),
            excerpt_of(answer.beginning, body),
        )


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_EXCERPT]
