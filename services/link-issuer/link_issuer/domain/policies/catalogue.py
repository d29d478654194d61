"""All policies, by channel."""

from collections.abc import Mapping
from typing import get_args

from link_issuer.domain.policies import douyin, web, wechat, weibo, xiaohongshu
from link_issuer.domain.policies.policy import Policy
from referral.events.facts import Channel

POLICIES: Mapping[Channel, Policy] = {
    module.POLICY.channel: module.POLICY for module in (xiaohongshu, wechat, weibo, douyin, web)
}
CHANNELS: tuple[Channel, ...] = get_args(Channel)
