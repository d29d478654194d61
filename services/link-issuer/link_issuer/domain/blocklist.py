"""Words that codes must not contain: insults in English and Chinese (pinyin), and words that imitate the account itself.

A short word matches only a whole run of letters (CASSIE is allowed), a longer one anywhere in the code. Digits that look like
letters match as those letters.
"""

import re
from collections.abc import Iterable

_INSULTS = (
    "ANAL ANUS ARSE ASS BASTARD BITCH BOOB COCK COON CRAP CUM CUNT DICK DYKE FAG FAGGOT FUCK FCK FUK HITLER JERKOFF JIZZ KKK "
    "NAZI NIGGA NIGGER NGGR PENIS PISS PORN PUSSY RAPE RETARD SEX SHIT SHT SLUT SUCK TITS TWAT VAGINA WANK WHORE XXX"
)
_CHINESE = "CAONIMA CNM WCNM NMSL NMB NMD TMD MLGB MLGBD SHABI SB SABI ZHUANGB JB JIBA TNND QNMLGB WQNMLGB RNM GNM BIAOZI HUNDAN"
_IMPERSONATION = (
    "OFFICIAL OFFICAL GUANFANG KEFU SUPPORT MODERATOR ADMIN SERVICE"
    " WECHAT WEIXIN WEIBO XIAOHONGSHU REDNOTE DOUYIN ALIPAY"
)
# Words of four letters and more that are part of ordinary words and names: Dickens, Peacock, Grape, Analyst.
_PART_OF_ORDINARY_WORDS = frozenset(
    {"ANAL", "COCK", "COON", "CRAP", "DICK", "DYKE", "PISS", "RAPE", "SUCK", "TITS", "ARSE", "ANUS", "SABI", "JIBA"}
)
_BLOCKED = frozenset(f"{_INSULTS} {_CHINESE} {_IMPERSONATION}".split())
_ANYWHERE = tuple(sorted(word for word in _BLOCKED if len(word) >= 4 and word not in _PART_OF_ORDINARY_WORDS))
_DIGITS_AS_LETTERS = str.maketrans("0134578@$", "OIEASTBAS")
_SEPARATORS = re.compile(r"[-_]")
_LETTERS = re.compile(r"[A-Z]+")


def find_blocked_word(code: str) -> str | None:
    """The first blocked word in a code (upper case); None if there is none."""
    plain, read = code.upper(), code.upper().translate(_DIGITS_AS_LETTERS)
    runs = {run for text in (plain, read) for run in _LETTERS.findall(text)} | {_SEPARATORS.sub("", plain)}
    joined = [_SEPARATORS.sub("", text) for text in (plain, read)]
    whole = next((word for word in sorted(_BLOCKED & runs)), None)
    return whole or next((word for word in _ANYWHERE if any(word in text for text in joined)), None)


def contains_blocked_word(characters: str) -> bool:
    """Whether generated characters contain a blocked word of any length anywhere. Stricter: generating again is free."""
    return any(word in characters for word in _BLOCKED)


def find_blocklisted(code: str, blocklist: Iterable[str]) -> str | None:
    """The first word of a program's own `codes.blocklist` (any case) that an upper-case code contains; None if there is none."""
    return next((word for word in blocklist if word.upper() in code), None)
