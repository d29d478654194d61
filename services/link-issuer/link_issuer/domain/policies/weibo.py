"""Weibo: a link and a hashtag in a post. Raffles for reposts go through the platform's own tool only."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Carried, Policy, Rule, at_most, without

_TOOL = "@微博抽奖平台"


def _raffle_without_tool(kit: Carried) -> str | None:
    return None if _TOOL in kit.words else text_detectors.prize_for_sharing(kit.words)


POLICY = Policy(
    "weibo",
    frozenset({"link", "code", "mention"}),
    (
        Rule(
            "weibo_raffle_by_its_own_tool",
            f"A prize for reposting needs Weibo's own raffle, named as {_TOOL}: name it, or promise the prize for a follow",
            _raffle_without_tool,
        ),
        Rule(
            "weibo_no_qr",
            "A QR code in a post's picture is held back as leading away: send the link",
            without("qr", "a QR code"),
        ),
        Rule("weibo_caption_length", "A post holds 2,000 characters: shorten the text", at_most(2000)),
    ),
    "https://service.account.weibo.com/roles/gongyue",
)
