"""The access token of a WeChat account: one holder for all processes, replaced when WeChat refuses it; limits of QR codes."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from referral.clock import SystemClock
from referral.key_ring import KeyRing
from referral.redis_client import RedisClient
from referral.wechat.access_token import AccessTokens
from referral.wechat.account_replies import Promoter
from referral.wechat.accounts import WechatAccess
from referral.wechat.client import TOO_MANY_SCENES, WechatClient, WechatRefused, WechatUnreachable
from referral.wechat.promoters import PromoterClient
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.server import serve_account
from reward_dispatcher.delivery.wechat_posters import WechatPosters
from reward_dispatcher.wechat_allowances import AllowanceStore
from tests.support.builders.conversion_tracker import program_version

RING = KeyRing.parse("", "the key of this installation, long enough")
pytestmark = pytest.mark.integration


@pytest.fixture
def account() -> Account:
    """An account of the stand-in."""
    return Account("wx0123456789abcdef", "a-secret", time.time, max_permanent=1)


@pytest.fixture
def api(account: Account) -> Iterator[str]:
    """The address of its API."""
    with serve_account(account) as address:
        yield address


def _tokens(redis: RedisClient, client: WechatClient) -> AccessTokens:
    """The tokens as a process of its own has them."""
    return AccessTokens(client, redis, RING, SystemClock())


def test_many_processes_ask_for_one_token(redis: RedisClient, account: Account, api: str) -> None:
    """Also when it was revoked: the first replaces it, and the others use what it got."""

    async def run() -> None:
        clients = [WechatClient(api) for _ in range(4)]
        holders = [_tokens(redis, client) for client in clients]

        async def create(number: int) -> None:
            holder, client = holders[number % 4], clients[number % 4]
            request = lambda token: client.create_scene(token, f"AMY{number}", "temporary")  # noqa: E731
            await holder.use(account.appid, account.secret, request)

        await asyncio.gather(*[create(number) for number in range(20)])
        assert account.tokens_given == 1
        account.revoke_tokens()
        await asyncio.gather(*[create(number) for number in range(20, 40)])
        assert account.tokens_given == 2
        for client in clients:
            await client.close()

    asyncio.run(run())
    assert len(account.scenes) == 40
    [key] = redis.keys("rd:wechat:token:*")
    kept = redis.get(key)
    assert kept is not None
    assert account._newest.encode() not in kept


def test_refusals_have_their_code_and_no_secret(redis: RedisClient, account: Account, api: str) -> None:
    """A wrong AppSecret; more permanent QR codes than an account may have; an address that does not respond."""

    async def run() -> None:
        client = WechatClient(api)
        tokens = _tokens(redis, client)
        with pytest.raises(WechatRefused) as refused:
            await tokens.use(account.appid, "another", lambda token: client.create_scene(token, "AMY", "permanent"))
        assert refused.value.code == 40125
        assert "another" not in str(refused.value)
        first = await tokens.use(
            account.appid, account.secret, lambda token: client.create_scene(token, "AMY", "permanent")
        )
        assert first.expire_seconds is None
        with pytest.raises(WechatRefused) as full:
            await tokens.use(account.appid, account.secret, lambda token: client.create_scene(token, "BO", "permanent"))
        assert full.value.code == TOO_MANY_SCENES
        away = WechatClient("http://127.0.0.1:1")
        with pytest.raises(WechatUnreachable) as unreachable:
            await away.new_token(account.appid, account.secret, force=False)
        assert not unreachable.value.may_have_arrived
        await client.close()
        await away.close()

    asyncio.run(run())


def test_a_public_name_that_resolves_to_this_machine_is_not_reached(account: Account, api: str) -> None:
    """The app secret is sent to WeChat alone: an address in a private network is refused (resolver of the test)."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> None:
        client = WechatClient("http://api.weixin.example:80", resolve)
        with pytest.raises(WechatUnreachable):
            await client.new_token(account.appid, account.secret, force=False)

    asyncio.run(run())
    assert account.tokens_given == 0


def test_workers_that_take_at_once_take_no_more_than_there_are(redis: RedisClient) -> None:
    """Two stores on one Redis, 20 messages at once after one follow: three are taken."""
    stores = [AllowanceStore(redis), AllowanceStore(redis)]
    now_ms = SystemClock().now_ms()
    stores[0].open("prg_glow", "psn_1", "followed", now_ms)

    async def run() -> list[bool]:
        return list(
            await asyncio.gather(
                *[asyncio.to_thread(stores[n % 2].take, "prg_glow", "psn_1", now_ms + n) for n in range(20)]
            )
        )

    assert sum(asyncio.run(run())) == 3
    stores[1].open("prg_glow", "psn_1", "followed", now_ms)
    assert stores[1].messages_left("prg_glow", "psn_1", now_ms + 30) == 0


def test_an_account_without_permanent_codes_left_gets_one_for_thirty_days(
    redis: RedisClient, account: Account, api: str
) -> None:
    """And a poster that was asked for at once is uploaded once, with one code."""
    account.max_permanent = 0
    lines: list[bytes] = []

    async def write(endpoint: str, line: bytes) -> int:
        lines.append(line)
        return len(lines)

    async def run() -> set[str]:
        client, clock = WechatClient(api), SystemClock()
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"\x89PNG poster"))
        promoters = PromoterClient("http://issuer", "http://boards", RING, transport)
        posters = WechatPosters(client, _tokens(redis, client), promoters, redis, write, lambda: 4, clock)
        access = WechatAccess(program_version().program, "1", account.appid, account.secret)
        bo = Promoter("BO42", "https://r.example/BO42")
        found = await asyncio.gather(*[posters.media_id(access, "psn_bo", bo) for _ in range(3)])
        await posters.forget(access, "psn_bo")
        again = await posters.media_id(access, "psn_bo", bo)
        await client.close()
        assert again not in found
        return set(found)

    assert len(asyncio.run(run())) == 1
    assert list(account.scenes.values()) == ["BO42"]
    assert account.errors == {TOO_MANY_SCENES: 1}
    [line] = lines
    assert msgspec.json.decode(line)["expires_at"]
    assert len(account.uploads) == 2
