"""Replies of a WeChat account that are sent as customer messages: posters, and texts that were not ready for the immediate reply.

A reply is sent while the opening that it is for lasts, and never after. Sent again after an attempt that may have arrived, it takes
another message of the allowance.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from referral.clock import Clock
from referral.events.deliveries import WechatReplyPromised
from referral.events.timestamps import to_ms
from referral.people.known_people import known_people
from referral.people.people_view import People
from referral.wechat.account_replies import find_reply, needs_friends, needs_promoter, reply_card, reply_text
from referral.wechat.accounts import WechatAccess, WechatAccounts
from referral.wechat.client import WechatRefused, WechatUnreachable
from referral.wechat.promoters import PromoterClient, PromoterUnknown
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.targets import WechatTarget
from reward_dispatcher.delivery.wechat_posters import WechatPosters
from reward_dispatcher.delivery.wechat_sender import (
    EXTERNAL_ID_PREFIX,
    WechatSender,
    card_message,
    picture_message,
    text_message,
)
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.domain.wechat_allowance import LIMITS, MARGIN_MS
from reward_dispatcher.wechat_allowances import AllowanceStore

_ENROLMENT_S, _FRIENDS_S = 5.0, 2.0


class WechatMessages:
    """Makes attempts; belongs to one event loop. `refresh` returns once `people` has everyone who was recorded before the call."""

    def __init__(
        self,
        accounts: WechatAccounts,
        sender: WechatSender,
        posters: WechatPosters,
        promoters: PromoterClient,
        allowances: AllowanceStore,
        people: People,
        refresh: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sender = sender
        self._posters = posters
        self._promoters = promoters
        self._allowances = allowances
        self._people = people.snapshot()
        self._refresh = refresh
        self._clock = clock

    async def attempt(self, target: WechatTarget, delivery: MessageDelivery) -> AttemptResult:
        """Returns how an attempt ended. Missed: it is too late, the person was erased, or the account cannot send.

        Raises LogUnavailable and redis's errors.
        """
        reply, access = delivery.content, self._accounts.find(target.program)
        if not isinstance(reply, WechatReplyPromised) or access is None or self._is_over(reply):
            return AttemptResult("missed")
        opened_ms = to_ms(reply.opened_at)
        await asyncio.to_thread(self._allowances.open, reply.program, reply.person, reply.by, opened_ms)
        external_id = await self._external_id(reply.person)
        if external_id is None:
            return AttemptResult("missed")
        try:
            message = await self._message(access, reply)
        except PromoterUnknown as error:
            return AttemptResult("failed", "connection", excerpt=str(error))
        except (WechatRefused, WechatUnreachable) as error:
            is_refused = isinstance(error, WechatRefused)
            return AttemptResult("failed", "status" if is_refused else "connection", excerpt=str(error))
        if message is None:
            return AttemptResult("missed")
        result = await self._sender.send(access, reply.person, external_id, message)
        if result.failure == "status" and reply.part == "poster":
            await self._posters.forget(access, reply.person)
        return result

    def _is_over(self, reply: WechatReplyPromised) -> bool:
        _, length_ms = LIMITS[reply.by]
        return self._clock.now_ms() >= to_ms(reply.opened_at) + length_ms - MARGIN_MS

    async def _external_id(self, person: str) -> str | None:
        """The person's id at WeChat; None for anyone else, or if they were erased."""
        known = known_people([person], self._people)[person]
        if known is None and not self._people.is_erased(person):
            await self._refresh()
            known = known_people([person], self._people)[person]
        return known.external_id if known and known.external_id.startswith(EXTERNAL_ID_PREFIX) else None

    async def _message(self, access: WechatAccess, promised: WechatReplyPromised) -> Mapping[str, object] | None:
        """The message; None if the program has the reply no more."""
        reply = find_reply(access.program, promised.to, promised.keyword)
        if reply is None:
            return None
        program, person, now_ms = promised.program, promised.person, self._clock.now_ms()
        is_needed = promised.part == "poster" or needs_promoter(reply)
        promoter = (
            await asyncio.to_thread(self._promoters.enrol, program, person, now_ms, _ENROLMENT_S) if is_needed else None
        )
        if promised.part == "poster" and promoter is not None:
            return picture_message(await self._posters.media_id(access, person, promoter))
        if reply.news is not None and (card := reply_card(reply.news, promoter)) is not None:
            return card_message(card.title, card.description, card.url, card.picture)
        friends = None
        if needs_friends(reply):
            friends = await asyncio.to_thread(self._promoters.friends, program, person, now_ms, _FRIENDS_S)
        text = reply_text(reply, access.program, promoter, friends)
        return text_message(text) if text else None
