"""Which patterns of throw-away names a handle matches: the built-in ones, and those of the program's rule `disposable_handle`.

Ingest records the numbers of the patterns, since the log must not have the handle itself.
"""

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache

from referral.events.screening import BUILT_IN_PATTERN

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
_KEPT_PATTERNS = 1024  # the patterns of ten program versions with as many as possible


def handle_matches(handle: str, patterns: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the patterns that a handle matches: of `patterns` from 1, and 0 for a built-in one."""
    name = _normalize(handle)
    built_in = (BUILT_IN_PATTERN,) if _BUILT_IN.fullmatch(name) else ()
    if not patterns:
        return built_in
    return built_in + tuple(number for number, pattern in enumerate(patterns, 1) if _compile(pattern).match(name))


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().removeprefix("@").casefold()


@lru_cache(_KEPT_PATTERNS)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(_normalize(pattern)))
