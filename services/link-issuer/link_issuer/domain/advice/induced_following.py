"""Finds texts for WeChat that promise something for following an account (诱导关注), for which WeChat restricts accounts.

The rules, read 2026-11: https://weixin.qq.com/cgi-bin/readtemplate?t=weixin_external_links_content_management_specification
"""

from collections.abc import Iterator

from link_issuer.domain.advice import program_texts, text_patterns
from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for pointer, text in program_texts.wechat_texts(program):
        found = text_patterns.INDUCED_FOLLOWING.search(text)
        if found:
            promised = f"{found[0]!r} promises something for following, which WeChat forbids (诱导关注)"
            yield pointer, f"{promised}: promise it for a first order or a friend, or give it to everyone"


INDUCED_FOLLOWING = AdviceRule(
    name="induced_following",
    pitfall='Induced following (诱导关注): a text for WeChat that promises something for following, such as "关注领红包".',
    fix="Say what the account is good for, and give what was promised for a first order or a friend.",
    find=_find,
)
