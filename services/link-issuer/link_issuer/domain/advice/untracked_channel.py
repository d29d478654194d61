"""Finds channels on which referrals cannot be attributed: their referrers get no reward, and their effect cannot be measured."""

from collections.abc import Iterator, Mapping
from typing import assert_never

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.attributions import EvidenceKind
from referral.events.caption_template import placeholders
from referral.events.facts import Channel
from referral.events.program import Program

_EVIDENCE_OF_PLACEHOLDER: Mapping[str, EvidenceKind] = {"code": "code", "link": "click", "mention": "mention"}


def _possible_evidence(channel: Channel) -> tuple[EvidenceKind, ...]:
    """The kinds of evidence a channel can produce: Xiaohongshu and Douyin allow no links, WeChat reports no mentions."""
    match channel:
        case "xiaohongshu" | "douyin":
            return "code", "mention", "tag"
        case "wechat" | "web":
            return "code", "click", "scan"
        case "weibo":
            return "code", "click", "mention", "tag"
        case _:
            assert_never(channel)


def _find(program: Program) -> Iterator[Remark]:
    for index, channel in enumerate(program.channels):
        possible = _possible_evidence(channel)
        usable = [kind for kind in possible if kind in program.attribution.evidence]
        if not usable:
            remedy = f"add one of {', '.join(possible)} to attribution.evidence"
            yield f"/channels/{index}", f"no evidence that the program accepts comes through {channel}: {remedy}"
            continue
        for language, text in program.kits.get(channel, {}).items():
            if not {_EVIDENCE_OF_PLACEHOLDER.get(placeholder) for placeholder in placeholders(text)} & set(usable):
                options = [f"{{{name}}}" for name, kind in _EVIDENCE_OF_PLACEHOLDER.items() if kind in usable]
                remedy = f"insert {' or '.join(options) or '{code}'}"
                yield f"/kits/{channel}/{language}", f"contains nothing that identifies the referrer: {remedy}"


UNTRACKED_CHANNEL = AdviceRule(
    name="untracked_channel",
    pitfall="An untracked channel: no accepted evidence can come through it, or its kit does not identify the referrer.",
    fix="Accept a code, link or mention that the channel allows, and insert it into the channel's kit.",
    find=_find,
)
