"""Applies the lines of `deliveries` that open and close WeChat's allowances. A line that is applied twice changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from redis.exceptions import RedisError

from referral.events.deliveries import WechatLeft, WechatOpened
from referral.events.timestamps import to_ms
from referral.log.records import readable_lines
from reward_dispatcher.wechat_allowances import AllowanceStore

_TYPES = ("wechat.opened", "wechat.left")
_PAUSE_S = 1.0
_Opening = WechatOpened | WechatLeft
_decode = msgspec.json.Decoder(_Opening).decode
log = structlog.get_logger()


class WechatOpenings:
    """Belongs to one event loop."""

    def __init__(self, allowances: AllowanceStore, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._allowances = allowances
        self._pause = pause

    async def apply(self, record: bytes) -> None:
        """Applies the openings of a record; waits while Redis is unavailable."""
        for line in readable_lines(record, _TYPES, _decode):
            while not await asyncio.to_thread(self._try, line):
                await self._pause(_PAUSE_S)

    def _try(self, line: _Opening) -> bool:
        at_ms = to_ms(line.occurred_at)
        try:
            if isinstance(line, WechatOpened):
                self._allowances.open(line.program, line.person, line.by, at_ms)
            else:
                self._allowances.close(line.program, line.person, at_ms)
        except RedisError as error:
            log.warning("allowances of WeChat wait", reason=type(error).__name__)
            return False
        return True
