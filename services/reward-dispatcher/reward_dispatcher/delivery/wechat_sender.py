"""Sends a customer message of WeChat within the allowance: one is taken before each request, whether the message arrives or not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from referral.clock import Clock
from referral.telemetry.metrics import counter
from referral.wechat.access_token import AccessTokens
from referral.wechat.accounts import WechatAccess
from referral.wechat.client import (
    ALLOWANCE_ERRORS,
    CONSENT_ERRORS,
    MEDIA_ERRORS,
    TEMPLATE_ERRORS,
    WechatClient,
    WechatRefused,
    WechatUnreachable,
)
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.wechat_allowances import AllowanceStore

EXTERNAL_ID_PREFIX = "wechat:"
log = structlog.get_logger()


class WechatSender:
    """Belongs to one event loop."""

    def __init__(self, client: WechatClient, tokens: AccessTokens, allowances: AllowanceStore, clock: Clock) -> None:
        self._client = client
        self._tokens = tokens
        self._allowances = allowances
        self._clock = clock

    async def send(
        self,
        access: WechatAccess,
        person: str,
        external_id: str,
        message: Mapping[str, object],
        commit: Callable[[], Awaitable[None]] | None = None,
    ) -> AttemptResult:
        """Returns how the attempt ended; missed if nothing may be sent to the person now. Raises redis's errors.

        `commit` is awaited right before the request.
        """
        program = access.program.id
        if not await asyncio.to_thread(self._allowances.take, program, person, self._clock.now_ms()):
            return AttemptResult("missed")
        if commit is not None:
            await commit()
        body = {"touser": external_id.removeprefix(EXTERNAL_ID_PREFIX), **message}
        try:
            await self._tokens.use(access.appid, access.secret, lambda token: self._client.send_message(token, body))
        except WechatRefused as error:
            return await self._refusal_result(program, person, error)
        except WechatUnreachable as error:
            return AttemptResult("failed", "timeout" if error.may_have_arrived else "connection", excerpt=str(error))
        return AttemptResult("accepted")

    async def _refusal_result(self, program: str, person: str, error: WechatRefused) -> AttemptResult:
        counter("wechat_refusals").labels(refusal_reason(error.code)).inc()
        log.warning("WeChat refused a message", program=program, code=error.code)
        if error.code not in ALLOWANCE_ERRORS:
            return AttemptResult("failed", "status", excerpt=str(error))
        await asyncio.to_thread(self._allowances.close, program, person, self._clock.now_ms())
        return AttemptResult("missed")


def text_message(text: str) -> dict[str, object]:
    """The message of a text."""
    return {"msgtype": "text", "text": {"content": text}}


def picture_message(media_id: str) -> dict[str, object]:
    """The message of a picture that was uploaded."""
    return {"msgtype": "image", "image": {"media_id": media_id}}


def card_message(title: str, description: str, url: str, picture: str) -> dict[str, object]:
    """The message of an article card."""
    article = {"title": title, "description": description, "url": url, "picurl": picture}
    return {"msgtype": "news", "news": {"articles": [article]}}


def refusal_reason(code: int) -> str:
    """Returns the reason of a refusal, as the metric has it."""
    reasons = {
        "allowance": ALLOWANCE_ERRORS,
        "media": MEDIA_ERRORS,
        "consent": CONSENT_ERRORS,
        "template": TEMPLATE_ERRORS,
    }
    return next((name for name, codes in reasons.items() if code in codes), "other")
