"""Words that no code holds: insults in both languages, and names that would pose as the account itself.

Short words count only as a whole run of letters (CASSIE is a name), longer ones anywhere. Digits that stand for letters
are read as those, as people read them.
"""

import re
from collections.abc import Iterable

_INSULTS = (
    "ANAL ANUS ARSE ASS BASTARD BITCH BOOB COCK COON CRAP CUM CUNT DICK DYKE FAG FAGGOT FUCK FCK FUK HITLER JERKOFF JIZZ KKK "
    "NAZI NIGGA NIGGER NGGR PENIS PISS PORN PUSSY RAPE RETARD SEX SHIT SHT SLUT SUCK TITS TWAT VAGINA WANK WHORE XXX"
)
_CHINESE = "CAONIMA CNM WCNM NMSL NMB NMD TMD MLGB MLGBD SHABI SB SABI ZHUANGB JB JIBA TNND QNMLGB WQNMLGB RNM GNM BIAOZI HUNDAN"
_POSING = "OFFICIAL OFFICAL GUANFANG KEFU SUPPORT MODERATOR ADMIN SERVICE WECHAT WEIXIN WEIBO XIAOHONGSHU REDNOTE DOUYIN ALIPAY"

# Of four letters and more, those that stand in ordinary words and names: Shitake, Dickens, Peacock, Grape, Analyst.
_ORDINARY = frozenset(
    {"ANAL", "COCK", "COON", "CRAP", "DICK", "DYKE", "PISS", "RAPE", "SUCK", "TITS", "ARSE", "ANUS", "SABI", "JIBA"}
)
_BLOCKED = frozenset(f"{_INSULTS} {_CHINESE} {_POSING}".split())
_ANYWHERE = tuple(sorted(word for word in _BLOCKED if len(word) >= 4 and word not in _ORDINARY))
_READ_AS = str.maketrans("0134578@$", "OIEASTBAS")
_SEPARATORS = re.compile(r"[-_]")
_LETTERS = re.compile(r"[A-Z]+")


def blocked_word(code: str) -> str | None:
    """The first word in a code (in capitals) that may not be there; None where it is fit to be said aloud."""
    plain, read = code.upper(), code.upper().translate(_READ_AS)
    runs = {run for text in (plain, read) for run in _LETTERS.findall(text)} | {_SEPARATORS.sub("", plain)}
    joined = [_SEPARATORS.sub("", text) for text in (plain, read)]
    whole = next((word for word in sorted(_BLOCKED & runs)), None)
    return whole or next((word for word in _ANYWHERE if any(word in text for text in joined)), None)


def blocked_by_chance(drawn: str) -> bool:
    """Whether letters that were drawn by lot hold a word, even inside: another draw costs nothing."""
    return any(word in drawn for word in _BLOCKED)


def blocked(code: str, blocklist: Iterable[str]) -> str | None:
    """The first of a program's own words (`codes.blocklist`) that a code in capitals holds, in whatever case; None for none."""
    return next((word for word in blocklist if word.upper() in code), None)
