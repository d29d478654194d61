"""Makes attempts to send a digest: reads its text from leaderboard, and sends it by e-mail or to a group chat."""

import asyncio
import time
from collections.abc import Callable
from typing import assert_never

import httpcore
import structlog

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.digest_targets import DigestTarget, digest_secret_name, read_digest_target
from referral.encryption import DecryptionFailed, unseal
from referral.events.deliveries import GrowthDigest
from referral.events.promoter_messages import DigestKind
from referral.events.value_checks import InvalidValue
from referral.key_ring import KeyRing
from referral.mail import Mail, Mailer, MailFailed
from referral.pages.languages import Language, first_language
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.digest_client import DigestClient, DigestText, DigestUnavailable
from reward_dispatcher.delivery.digest_posts import digest_request, is_accepted
from reward_dispatcher.delivery.post import TIMEOUT_S, Post, failure_of
from reward_dispatcher.domain.message_delivery import MessageDelivery

log = structlog.get_logger()


class DigestAttempts:
    """Belongs to one event loop. `post` connects to public addresses alone; without a `mailer` no e-mail is sent."""

    def __init__(
        self,
        post: Post,
        mailer: Mailer | None,
        client: DigestClient,
        catalog: Catalog,
        ring: KeyRing,
        clock: Clock,
        real_time_s: Callable[[], float] = time.time,
    ) -> None:
        self._post = post
        self._mailer = mailer
        self._client = client
        self._catalog = catalog
        self._ring = ring
        self._clock = clock
        self._real_time_s = real_time_s

    async def attempt(self, kind: DigestKind, delivery: MessageDelivery, *, proven: bool) -> AttemptResult:
        """Returns how an attempt ended; `missed` if the program sends no digests any more, or there is no target."""
        content = delivery.content
        language = self._language(content.program)
        if not isinstance(content, GrowthDigest) or language is None:
            return AttemptResult("missed")
        try:
            target = self._target(content.program, kind)
            if target is None:
                return AttemptResult("missed")
            text = await asyncio.to_thread(self._client.read, content, language, self._clock.now_ms())
        except (DecryptionFailed, InvalidValue, DigestUnavailable) as error:
            log.warning("digest not sent", program=content.program, kind=kind, reason=str(error))
            return AttemptResult("unsent", "unreadable")
        result = await self._send(target, delivery, text, proven=proven)
        if result.outcome == "failed":
            log.warning(
                "digest refused", program=content.program, kind=kind, status=result.status, answer=result.excerpt
            )
        return result

    async def _send(
        self, target: DigestTarget, delivery: MessageDelivery, text: DigestText, *, proven: bool
    ) -> AttemptResult:
        match target.kind:
            case "email":
                return await self._mail(target, delivery, text)
            case "feishu" | "dingtalk" | "wecom" | "slack":
                return await self._post_to_chat(target, delivery, text, proven=proven)
            case _:
                assert_never(target.kind)

    async def _mail(self, target: DigestTarget, delivery: MessageDelivery, text: DigestText) -> AttemptResult:
        if self._mailer is None:
            return AttemptResult("missed")
        try:
            await self._mailer.send(Mail(delivery.id, target.address, text.subject, f"{text.text}\n"))
        except MailFailed as error:
            return AttemptResult("failed", "status" if error.status else "connection", error.status)
        return AttemptResult("accepted")

    async def _post_to_chat(
        self, target: DigestTarget, delivery: MessageDelivery, text: DigestText, *, proven: bool
    ) -> AttemptResult:
        whole = f"{text.subject}\n\n{text.text}"
        url, body = digest_request(target, whole, int(self._real_time_s()))
        headers = {"content-type": "application/json; charset=utf-8"}
        try:
            answer = await self._post(delivery.webhook, url, headers, body, TIMEOUT_S, proven=proven)
        except (
            OSError,
            TimeoutError,
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
        ) as error:
            return AttemptResult("failed", failure_of(error), excerpt=type(error).__name__)
        if is_accepted(target.kind, answer.status, answer.beginning):
            return AttemptResult("accepted", status=answer.status)
        reason = answer.beginning.decode(errors="replace")[:200]
        return AttemptResult("failed", "status", min(max(answer.status, 100), 999), excerpt=reason)

    def _target(self, program: str, kind: DigestKind) -> DigestTarget | None:
        """Raises DecryptionFailed and InvalidValue."""
        name = digest_secret_name(kind)
        secret = self._catalog.adapter_secret(program, name)
        if secret is None or not secret.sealed:
            return None
        return read_digest_target(kind, unseal(self._ring, program, name, secret.sealed[0]))

    def _language(self, program: str) -> Language | None:
        """The language of a program's digests; None if it has none."""
        terms = self._catalog.program_at(program, self._clock.now_ms())
        if terms is None or terms.program.messages is None or terms.program.messages.digest is None:
            return None
        return terms.program.messages.digest.language or first_language(terms.program.name)
