"""The poster of a participant at WeChat: with their QR code, drawn by link-issuer, uploaded again before it expires."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b

import msgspec

from referral.clock import Clock
from referral.events.deliveries import WechatSceneCreated, wechat_endpoint
from referral.events.timestamps import to_datetime
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from referral.wechat.access_token import AccessTokens
from referral.wechat.account_replies import Promoter
from referral.wechat.accounts import WechatAccess
from referral.wechat.client import TOO_MANY_SCENES, SceneCode, WechatClient, WechatRefused
from referral.wechat.promoters import PromoterClient
from reward_dispatcher.domain.wechat_scenes import WechatScene, WechatSceneCount, scene_kind
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.delivery_changes import State

_MEDIA_KEPT_S = 3 * 24 * 3600 - 3600  # an hour before WeChat forgets it
_DRAWING_S = 5.0
_MOST_CREATED = 10_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode


class WechatPosters:
    """Belongs to one event loop. `write` returns once a line of an endpoint is durable; `partitions` are those of `deliveries`."""

    def __init__(
        self,
        client: WechatClient,
        tokens: AccessTokens,
        promoters: PromoterClient,
        redis: RedisClient,
        write: Callable[[str, bytes], Awaitable[int]],
        partitions: Callable[[], int],
        clock: Clock,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._promoters = promoters
        self._redis = redis
        self._write = write
        self._partitions = partitions
        self._clock = clock
        self._turns: dict[str, asyncio.Lock] = {}  # of people whose poster is being made
        self._created: dict[str, WechatScene] = {}  # the newest ones, which the fold may not have yet

    async def media_id(self, access: WechatAccess, person: str, promoter: Promoter) -> str:
        """Returns the media id of the person's poster.

        Raises PromoterUnknown, WechatRefused, WechatUnreachable and redis's errors.
        """
        turn = self._turns.setdefault(person, asyncio.Lock())
        try:
            async with turn:
                return await self._find_or_upload(access, person, promoter)
        finally:
            if not turn.locked():
                self._turns.pop(person, None)

    async def _find_or_upload(self, access: WechatAccess, person: str, promoter: Promoter) -> str:
        url = await self._scene_url(access, person, promoter)
        key = _media_key(access, person, url)
        kept = await asyncio.to_thread(lambda: self._redis.get(key))
        if isinstance(kept, bytes):
            return kept.decode()
        now_ms, program = self._clock.now_ms(), access.program.id
        png = await asyncio.to_thread(self._promoters.poster, program, person, url, now_ms, _DRAWING_S)
        media_id = await self._tokens.use(
            access.appid, access.secret, lambda token: self._client.upload_picture(token, png)
        )
        await asyncio.to_thread(lambda: self._redis.set(key, media_id, ex=_MEDIA_KEPT_S))
        return media_id

    async def forget(self, access: WechatAccess, person: str) -> None:
        """Forgets the uploaded poster of a person, which WeChat may not have any more. Raises redis's errors."""
        scene, _ = await asyncio.to_thread(self._read, wechat_endpoint(access.program.id), person)
        if (scene := self._created.get(person, scene)) is not None:
            key = _media_key(access, person, scene.url)
            await asyncio.to_thread(lambda: self._redis.delete(key))

    async def _scene_url(self, access: WechatAccess, person: str, promoter: Promoter) -> str:
        """The content of the person's QR code: the one that they have, or a new one if it is about to expire."""
        endpoint = wechat_endpoint(access.program.id)
        scene, count = await asyncio.to_thread(self._read, endpoint, person)
        scene, now_ms = self._created.get(person, scene), self._clock.now_ms()
        if scene is not None and scene.is_usable(now_ms):
            return scene.url
        created = await self._create(access, promoter.code, count)
        expires_ms = None if created.expire_seconds is None else now_ms + created.expire_seconds * 1000
        line = WechatSceneCreated(
            occurred_at=to_datetime(now_ms),
            program=access.program.id,
            webhook=endpoint,
            person=person,
            url=created.url,
            expires_at=None if expires_ms is None else to_datetime(expires_ms),
        )
        await self._write(endpoint, _encode(line))
        self._remember(person, WechatScene(created.url, expires_ms))
        return created.url

    def _remember(self, person: str, scene: WechatScene) -> None:
        if len(self._created) >= _MOST_CREATED:
            del self._created[next(iter(self._created))]
        self._created[person] = scene

    async def _create(self, access: WechatAccess, code: str, count: WechatSceneCount) -> SceneCode:
        kind = scene_kind(count)
        try:
            return await self._tokens.use(
                access.appid, access.secret, lambda token: self._client.create_scene(token, code, kind)
            )
        except WechatRefused as error:
            if kind == "temporary" or error.code != TOO_MANY_SCENES:
                raise
        return await self._tokens.use(
            access.appid, access.secret, lambda token: self._client.create_scene(token, code, "temporary")
        )

    def _read(self, endpoint: str, person: str) -> tuple[WechatScene | None, WechatSceneCount]:
        partition = partition_of(endpoint, self._partitions())
        names = state_keys.scene(endpoint, person), state_keys.scene_count(endpoint)
        found = [
            self._redis.get(state_key(state_keys.SERVICE, state_keys.DELIVERIES_FOLD, partition, one)) for one in names
        ]
        scene, count = (_decode(raw) if isinstance(raw, bytes) else None for raw in found)
        return (
            scene if isinstance(scene, WechatScene) else None,
            count if isinstance(count, WechatSceneCount) else WechatSceneCount(),
        )


def _media_key(access: WechatAccess, person: str, url: str) -> str:
    """A poster changes with the program and with its QR code."""
    digest = blake2b("\x1f".join((access.version, url)).encode(), digest_size=12).hexdigest()
    return f"rd:wechat:media:{access.appid}:{person}:{digest}"
