"""The policies of all channels."""

from collections.abc import Mapping
from typing import assert_never, get_args

from link_issuer.domain.policies import douyin, web, wechat, weibo, xiaohongshu
from link_issuer.domain.policies.policy import Policy
from referral.events.facts import Channel

CHANNELS: tuple[Channel, ...] = get_args(Channel)


def _policy(channel: Channel) -> Policy:
    match channel:
        case "xiaohongshu":
            return xiaohongshu.POLICY
        case "wechat":
            return wechat.POLICY
        case "weibo":
            return weibo.POLICY
        case "douyin":
            return douyin.POLICY
        case "web":
            return web.POLICY
        case _:
            assert_never(channel)


POLICIES: Mapping[Channel, Policy] = {channel: _policy(channel) for channel in CHANNELS}
