"""Throw-away names: a platform's default, a script's counter, or keys typed at random.

Honest newcomers have such names too, above all on platforms that assign them; so the rule acts only if a program enables it.
"""

import re
import unicodedata
from fnmatch import fnmatchcase

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.events.screening import Screening

# Each is held against the whole name, in lower case and with full-width letters made plain.
_BUILT_IN = re.compile(
    "|".join(
        (
            r"(小红薯|用户|手机用户|微信用户|新用户|游客)[\s_-]*[0-9a-z]{3,}",  # given by Xiaohongshu, Weibo, Douyin, WeChat
            r"(user|guest|member|account|visitor|wxid|default|new ?user)[\s_-]*[0-9a-z]*[0-9][0-9a-z]*",
            r"(test|tester|测试)[\s_-]*[0-9]*",
            r"[0-9]{6,}",
            r"[0-9a-f]{16,}",
            r"(?P<letter>.)(?P=letter){4,}",
            r"(asdf|qwer|zxcv|qwerty|asdfgh)+[0-9]*",
        )
    )
)


def _evaluate(case: ScreeningCase, screening: Screening) -> bool:
    """No handle: not evaluated."""
    if not case.referral.handle:
        return False
    handle = _normalize(case.referral.handle)
    if screening.disposable_handle.built_in and _BUILT_IN.fullmatch(handle):
        return True
    return any(fnmatchcase(handle, _normalize(pattern)) for pattern in screening.disposable_handle.patterns)


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().removeprefix("@").casefold()


DISPOSABLE_HANDLE = ScreeningRule(
    name="disposable_handle",
    description="The person's name is a throw-away name: a default, a counter, random keys, or one of `patterns`.",
    scope="referral",
    severity="low",
    action=lambda screening: screening.disposable_handle.action,
    decide=_evaluate,
)
