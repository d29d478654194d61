"""Finds kits that contain what their channel does not allow: the share kit would be refused, and its page shown without the texts.

Links and contacts on Xiaohongshu have a rule of their own.
"""

import re
from collections.abc import Iterator

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.policies.policy import KitContents, KitPart, find_violations
from referral.events.caption_template import placeholders
from referral.events.facts import Channel
from referral.events.program import Program

_PARTS: dict[str, KitPart] = {"link": "link", "mention": "mention", "code": "code"}
_ELSEWHERE = frozenset(("xiaohongshu_no_links", "xiaohongshu_no_contact_details"))


def _find(program: Program) -> Iterator[Remark]:
    for channel, texts in program.kits.items():
        for language, template in texts.items():
            yield from _remarks(channel, f"/kits/{channel}/{language}", template)


def _remarks(channel: Channel, pointer: str, template: str) -> Iterator[Remark]:
    parts = frozenset(_PARTS[name] for name in placeholders(template) if name in _PARTS)
    text = re.sub(r"\{[^{}]*\}", "", template)
    for violation in find_violations(POLICIES[channel], KitContents(text=text, parts=parts)):
        if violation.rule not in _ELSEWHERE:
            what = "{link}" if violation.found == "a link" else violation.found
            yield pointer, f"contains {what}, which breaks {violation.rule}. {violation.requirement}"


KIT_BREAKS_POLICY = AdviceRule(
    name="kit_breaks_policy",
    pitfall="A kit that its channel does not allow, such as {link} on Douyin: its share kit is refused with the rule's name.",
    fix="Change the text as the rule requires; docs/channel-policies.md lists the rules of each channel.",
    find=_find,
)
