"""The one access token of a WeChat account: a process asks WeChat for it while all others wait for what it gets.

In Redis it is sealed, and ends before WeChat ends it. An empty Redis costs one further request: the stable token is the same one.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from referral.clock import Clock
from referral.encryption import DecryptionFailed, seal, unseal
from referral.key_ring import KeyRing
from referral.redis_client import RedisClient
from referral.telemetry.metrics import counter
from referral.wechat.client import TOKEN_ERRORS, WechatClient, WechatRefused, WechatUnreachable

_EARLY_S = 300
_LOCK_MS = 10_000
_WAIT_S, _PAUSE_S = 8.0, 0.05
Result = TypeVar("Result")
# Ends the lock of this holder only.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class _Stored(msgspec.Struct, array_like=True):
    token: str
    expires_ms: int


class AccessTokens:
    """The tokens of accounts; `ring` seals them in Redis. Belongs to one event loop."""

    def __init__(self, client: WechatClient, redis: RedisClient, ring: KeyRing, clock: Clock) -> None:
        self._client = client
        self._redis = redis
        self._ring = ring
        self._clock = clock
        self._unlock = redis.register_script(_UNLOCK)

    async def use(self, appid: str, secret: str, request: Callable[[str], Awaitable[Result]]) -> Result:
        """Returns what a request with the account's token returns; once more with a new token if WeChat refuses it.

        Raises WechatRefused, WechatUnreachable and redis's errors.
        """
        token = await self._get(appid, secret)
        try:
            return await request(token)
        except WechatRefused as error:
            if error.code not in TOKEN_ERRORS:
                raise
        return await request(await self._get(appid, secret, refused=token))

    async def _get(self, appid: str, secret: str, refused: str = "") -> str:
        """The token in Redis, or a new one; never `refused`, which WeChat does not accept any more."""
        holder = secrets.token_hex(8)
        for _ in range(round(_WAIT_S / _PAUSE_S)):
            stored = await asyncio.to_thread(self._read, appid)
            if stored is not None and stored != refused:
                return stored
            if await asyncio.to_thread(self._lock, appid, holder):
                return await self._renew(appid, secret, holder, refused)
            await asyncio.sleep(_PAUSE_S)
        raise WechatUnreachable("another process is asking for the access token", may_have_arrived=False)

    async def _renew(self, appid: str, secret: str, holder: str, refused: str) -> str:
        try:
            stored = await asyncio.to_thread(self._read, appid)  # another holder may have written it before the lock
            if stored is not None and stored != refused:
                return stored
            new = await self._client.new_token(appid, secret, force=False)
            if new.access_token == refused:
                new = await self._client.new_token(appid, secret, force=True)
            counter("wechat_tokens").inc()
            await asyncio.to_thread(self._write, appid, new.access_token, new.expires_in)
            return new.access_token
        finally:
            await asyncio.to_thread(self._unlock, [_lock_key(appid)], [holder])

    def _lock(self, appid: str, holder: str) -> bool:
        return bool(self._redis.set(_lock_key(appid), holder, nx=True, px=_LOCK_MS))

    def _read(self, appid: str) -> str | None:
        raw = self._redis.get(_token_key(appid))
        if not isinstance(raw, bytes):
            return None
        try:
            stored = msgspec.json.decode(unseal(self._ring, appid, "wechat-token", raw.decode()), type=_Stored)
        except (DecryptionFailed, msgspec.MsgspecError):
            return None
        return stored.token if self._clock.now_ms() < stored.expires_ms else None

    def _write(self, appid: str, token: str, expires_in_s: int) -> None:
        kept_s = max(1, expires_in_s - min(_EARLY_S, expires_in_s // 2))
        stored = _Stored(token, self._clock.now_ms() + kept_s * 1000)
        sealed = seal(self._ring, appid, "wechat-token", msgspec.json.encode(stored).decode())
        self._redis.set(_token_key(appid), sealed, ex=kept_s)


def _token_key(appid: str) -> str:
    return f"rd:wechat:token:{appid}"


def _lock_key(appid: str) -> str:
    return f"rd:wechat:token-lock:{appid}"
