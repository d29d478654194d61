"""WeChat in the delivery worker: what its settings, Redis and catalog lead to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from referral.catalog.follower import CatalogFollower
from referral.clock import Clock
from referral.config import Settings
from referral.log.topic_admin import partition_count
from referral.redis_client import RedisClient
from referral.topics import DELIVERIES
from referral.wechat.access_token import AccessTokens
from referral.wechat.accounts import WechatAccounts
from referral.wechat.client import WechatClient
from referral.wechat.promoters import PromoterClient
from reward_dispatcher.delivery.wechat_channel import WechatChannel
from reward_dispatcher.delivery.wechat_messages import WechatMessages
from reward_dispatcher.delivery.wechat_openings import WechatOpenings
from reward_dispatcher.delivery.wechat_posters import WechatPosters
from reward_dispatcher.delivery.wechat_sender import WechatSender
from reward_dispatcher.delivery.wechat_subscription_channel import WechatSubscriptionChannel
from reward_dispatcher.wechat_allowances import AllowanceStore


@dataclass(frozen=True, slots=True)
class Wechat:
    """Openings are applied, replies are sent, and other messages use the channels, in the order of preference."""

    openings: WechatOpenings
    messages: WechatMessages
    channels: tuple[WechatChannel, WechatSubscriptionChannel]

    @classmethod
    def of(
        cls,
        settings: Settings,
        redis: RedisClient,
        catalog: CatalogFollower,
        refresh: Callable[[], Awaitable[None]],
        write: Callable[[str, bytes], Awaitable[int]],
        clock: Clock,
    ) -> "Wechat":
        """Opens no connection before it is needed."""
        ring, client = settings.key_ring(), WechatClient(settings.wechat_api)
        tokens, allowances = AccessTokens(client, redis, ring, clock), AllowanceStore(redis)
        promoters = PromoterClient(settings.link_issuer, settings.leaderboard, ring)
        accounts, sender = WechatAccounts(catalog.view, ring, clock), WechatSender(client, tokens, allowances, clock)
        posters = WechatPosters(
            client, tokens, promoters, redis, write, lambda: partition_count(DELIVERIES, settings), clock
        )
        messages = WechatMessages(accounts, sender, posters, promoters, allowances, catalog.people, refresh, clock)
        notices = WechatSubscriptionChannel(accounts, client, tokens, clock)
        return cls(WechatOpenings(allowances), messages, (WechatChannel(accounts, sender), notices))
