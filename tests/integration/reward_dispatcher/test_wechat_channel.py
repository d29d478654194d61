"""WeChat as a channel of messages to promoters: three after a follow, and then the next channel."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.clock import SystemClock
from referral.encryption import seal
from referral.events.deliveries import PromoterMessage
from referral.events.entities import AdapterSecret
from referral.events.people import Profile
from referral.events.promoter_messages import MessageItem
from referral.events.wechat_rules import WechatAccount
from referral.key_ring import KeyRing
from referral.redis_client import RedisClient
from referral.wechat.access_token import AccessTokens
from referral.wechat.accounts import WechatAccounts
from referral.wechat.client import WechatClient
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.server import serve_account
from reward_dispatcher.delivery.channels import Recipient, WrittenMessage
from reward_dispatcher.delivery.wechat_channel import WechatChannel
from reward_dispatcher.delivery.wechat_sender import WechatSender
from reward_dispatcher.wechat_allowances import AllowanceStore
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM, START

RING = KeyRing.parse("", "the key of this installation, long enough")
pytestmark = pytest.mark.integration
APPID, SECRET = "wx0123456789abcdef", "a-secret"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PROFILE = Profile(
    id="psn_bo", program=PROGRAM, recorded_at=START, external_id="wechat:oBo", display_name="Bo", consents=("messages",)
)
BO = Recipient(program=PROGRAM, person="psn_bo", external_id="wechat:oBo", profile=PROFILE)
MESSAGE = WrittenMessage(
    id="msg_1",
    content=PromoterMessage(
        occurred_at=NOW, program=PROGRAM, person="psn_bo", items=(MessageItem(id="msi_1", kind="welcome", at=NOW),)
    ),
    subject="Welcome",
    text="欢迎",
    url="https://r.example/w/1",
)


def _catalog(appid: str | None = APPID) -> Catalog:
    version = program_version()
    program = replace(version.program, wechat=WechatAccount(appid=appid))
    sealed = seal(RING, PROGRAM, "wechat-app", SECRET)
    secret = AdapterSecret(recorded_at=START, program=PROGRAM, name="wechat-app", sealed=(sealed,))
    return Catalog([replace(version, program=program), secret])


def test_three_messages_follow_a_follow_and_the_next_goes_elsewhere(redis: RedisClient) -> None:
    """`commit` comes right before each request, and not at all without an allowance; people who do not agree are left alone."""
    account = Account(APPID, SECRET, time.time)
    store, clock, ring = AllowanceStore(redis), SystemClock(), RING
    committed: list[int] = []

    async def run(api: str) -> list[str]:
        client = WechatClient(api)
        sender = WechatSender(client, AccessTokens(client, redis, ring, clock), store, clock)
        channel = WechatChannel(WechatAccounts(_catalog(), ring, clock), sender)
        silent = WechatChannel(WechatAccounts(_catalog(None), ring, clock), sender)

        async def commit(*, template: str | None = None) -> None:
            assert template is None
            committed.append(len(account.sent.get("oBo", ())))

        assert channel.is_open(BO)
        assert not silent.is_open(BO), "no account that could send"
        assert not channel.is_open(Recipient(program=PROGRAM, person="psn_bo", external_id="xhs:bo", profile=PROFILE))
        other = replace(PROFILE, consents=())
        assert not channel.is_open(Recipient(program=PROGRAM, person="psn_bo", external_id="wechat:oBo", profile=other))
        found = [(await channel.send(BO, MESSAGE, commit)).outcome]
        account.open_for("oBo", "follow")
        store.open(PROGRAM, "psn_bo", "followed", clock.now_ms())
        found += [(await channel.send(BO, MESSAGE, commit)).outcome for _ in range(4)]
        await client.close()
        return found

    with serve_account(account) as api:
        outcomes = asyncio.run(run(api))
    assert outcomes == ["unsent", "accepted", "accepted", "accepted", "unsent"]
    assert committed == [0, 1, 2]
    assert account.sent["oBo"][0]["text"] == {"content": "欢迎\nhttps://r.example/w/1"}
    assert not account.errors
