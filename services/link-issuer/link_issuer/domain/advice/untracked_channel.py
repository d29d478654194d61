"""A channel on which nobody can see who brought whom: its referrers are never thanked, and its work cannot be measured."""

from collections.abc import Iterator, Mapping

from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.attributions import EvidenceKind
from referral.events.caption_template import blanks
from referral.events.facts import Channel
from referral.events.program import Program

# What can come through a channel: Xiaohongshu and Douyin allow no outside links in a post; WeChat reports no mentions.
_CARRIES: Mapping[Channel, tuple[EvidenceKind, ...]] = {
    "xiaohongshu": ("code", "mention", "tag"),
    "wechat": ("code", "click", "scan"),
    "weibo": ("code", "click", "mention", "tag"),
    "douyin": ("code", "mention", "tag"),
    "web": ("code", "click", "scan"),
}
_LEAVES: Mapping[str, EvidenceKind] = {"code": "code", "link": "click", "mention": "mention"}


def _find(program: Program) -> Iterator[Remark]:
    for index, channel in enumerate(program.channels):
        usable = [kind for kind in _CARRIES[channel] if kind in program.attribution.evidence]
        if not usable:
            ways = ", ".join(_CARRIES[channel])
            yield (
                f"/channels/{index}",
                f"no evidence that counts comes through {channel}: add one of {ways} to evidence",
            )
            continue
        for language, text in program.kits.get(channel, {}).items():
            if not {_LEAVES.get(blank) for blank in blanks(text)} & set(usable):
                ways = " or ".join(f"{{{blank}}}" for blank, kind in _LEAVES.items() if kind in usable)
                yield f"/kits/{channel}/{language}", f"nothing in it says who shared it: put in {ways or '{code}'}"


UNTRACKED_CHANNEL = Rule(
    name="untracked_channel",
    mistake="An untracked channel: no evidence that counts can come through it, or its kit names nobody.",
    fix="Let a code, link or mention count that the channel allows, and put it into the channel's kit.",
    find=_find,
)
