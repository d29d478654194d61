"""Weibo: a link and a hashtag in a post. Raffles for reposts must use the platform's own raffle tool."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import KitContents, Policy, PolicyRule, forbid_part, limit_length

_RAFFLE_ACCOUNT = "@微博抽奖平台"


def _raffle_without_tool(kit: KitContents) -> str | None:
    return None if _RAFFLE_ACCOUNT in kit.text else text_detectors.find_prize_for_sharing(kit.text)


POLICY = Policy(
    "weibo",
    frozenset({"link", "code", "mention"}),
    (
        PolicyRule(
            "weibo_raffle_by_its_own_tool",
            f"A prize for reposts must use Weibo's own raffle tool: mention {_RAFFLE_ACCOUNT}, or promise the prize for a follow",
            _raffle_without_tool,
        ),
        PolicyRule(
            "weibo_no_qr",
            "Pictures of posts must not contain QR codes, which Weibo blocks as promotion of other sites: use the link",
            forbid_part("qr", "a QR code"),
        ),
        PolicyRule(
            "weibo_caption_length", "Posts must have at most 2,000 characters: shorten the text", limit_length(2000)
        ),
    ),
    "https://service.account.weibo.com/roles/gongyue",
)
