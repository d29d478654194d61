"""Words that codes must not contain: insults in English and Chinese (pinyin), and words that imitate the account itself.

A short word matches only a whole run of letters (CASSIE is allowed), a longer one anywhere in the code. Digits that look like
letters match as those letters.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter


def _any_of(words: Iterable[str]) -> str:
    """A pattern that finds one of these words (upper case), if there is any.

    Words with the same first letters share a branch: that takes half as long as an alternation of whole words.
    """
    rests = {letter: [word[1:] for word in group] for letter, group in groupby(sorted(words), itemgetter(0))}
    return "(?:" + "|".join(letter + ("" if "" in rest else _any_of(rest)) for letter, rest in rests.items()) + ")"


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
BUILT_IN_WORDS = frozenset(f"{_INSULTS} {_CHINESE} {_IMPERSONATION}".split())
"""Generated discount codes are derived again with these words, so they never change."""
_ANYWHERE = tuple(sorted(word for word in BUILT_IN_WORDS if len(word) >= 4 and word not in _PART_OF_ORDINARY_WORDS))
_DIGITS_AS_LETTERS = str.maketrans("0134578@$", "OIEASTBAS")
_LETTERS = re.compile(r"[A-Z]+")
_WITH_ANY_WORD = re.compile(_any_of(BUILT_IN_WORDS))


def find_blocked_word(code: str) -> str | None:
    """The first blocked word in a code (upper case); None if there is none."""
    plain = code.upper()
    if plain.isalnum() and not may_contain_blocked_word(plain):  # most codes
        return None
    read = plain.translate(_DIGITS_AS_LETTERS)
    joined = [text.replace("-", "").replace("_", "") for text in (plain, read)]
    if not _WITH_ANY_WORD.search(" ".join(joined)):
        return None
    runs = {*_LETTERS.findall(plain), *_LETTERS.findall(read), joined[0]}
    if found := BUILT_IN_WORDS & runs:
        return min(found)
    return next((word for word in _ANYWHERE if any(word in text for text in joined)), None)


def may_contain_blocked_word(code: str) -> bool:
    """Whether the other functions can find anything in a code of upper-case letters and digits, or in its end: false for most.

    Enrolment asks for thousands of codes a second.
    """
    return _WITH_ANY_WORD.search(f"{code} {code.translate(_DIGITS_AS_LETTERS)}") is not None


def contains_blocked_word(characters: str) -> bool:
    """Whether generated characters contain a blocked word of any length anywhere. Stricter: generating again is free."""
    return _WITH_ANY_WORD.search(characters) is not None


def find_blocklisted(code: str, blocklist: Iterable[str]) -> str | None:
    """The first word of a program's own `codes.blocklist` (any case) that an upper-case code contains; None if there is none."""
    return next((word for word in blocklist if word.upper() in code), None)
