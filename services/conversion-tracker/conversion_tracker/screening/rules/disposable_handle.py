"""Throw-away names: a platform's default, a script's counter, or keys typed at random.

Honest newcomers have such names too, above all on platforms that assign them; so the rule acts only if a program enables it.
"""

import re
import unicodedata
from fnmatch import fnmatchcase

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import Screening

# Each pattern is matched with the whole normalized name: lower case, full-width letters as ASCII.
_BUILT_IN = re.compile(
    "|".join(
        (
            r"(小红薯|用户|手机用户|微信用户|新用户|游客)[\s_-]*[0-9a-z]{3,}",  # defaults of Xiaohongshu, Weibo, Douyin, WeChat
            r"(user|guest|member|account|visitor|wxid|default|new ?user)[\s_-]*[0-9a-z]*[0-9][0-9a-z]*",
            r"(test|tester|测试)[\s_-]*[0-9]*",
            r"[0-9]{6,}",
            r"[0-9a-f]{16,}",
            r"(?P<letter>.)(?P=letter){4,}",
            r"(asdf|qwer|zxcv|qwerty|asdfgh)+[0-9]*",
        )
    )
)


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    """No handle: not evaluated."""
    if not case.referral.handle:
        return None
    handle, settings = _normalize(case.referral.handle), screening.disposable_handle
    if settings.built_in and _BUILT_IN.fullmatch(handle):
        return {"pattern": 0}
    numbered = enumerate(settings.patterns, 1)
    match = next((number for number, pattern in numbered if fnmatchcase(handle, _normalize(pattern))), None)
    return None if match is None else {"pattern": match}


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().removeprefix("@").casefold()


DISPOSABLE_HANDLE = ScreeningRule(
    name="disposable_handle",
    description="The person's name is a throw-away name: a default, a counter, random keys, or one of `patterns`.",
    scope="referral",
    severity="low",
    action=lambda screening: screening.disposable_handle.action,
    evaluate=_evaluate,
    observes={"pattern": "the entry of `patterns` that matches the name, from 1; 0 for a built-in pattern"},
)
