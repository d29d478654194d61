"""Detectors of what platforms forbid in texts: URLs, contact details, rewards for sharing.

Each returns the first match, or None. Full-width letters match like ASCII letters (NFKC), as they do on the platforms.
"""

import re
import unicodedata

_ENDINGS = "com|cn|net|org|io|me|cc|top|xyz|shop|app|link|ly|gg|site|online|vip|club|info|co|tv|hk|tw|dev"
_LINK = re.compile(
    rf"https?:\s?//\S+|www\.\S+|(?<![\w@.])[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.({_ENDINGS})(?![a-z0-9-])", re.I
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.[a-z]{2,}"  # an e-mail address
    r"|(?<!\d)(\+?86[ -]?)?1[3-9]\d([ -]?\d{4}){2}(?!\d)"  # a mobile number in mainland China
    r"|(微信|薇信|威信|[vV]信|wechat|weixin|vx|wx)\s*(号|id|群)?\s*[:：+是]\s*[a-z0-9_-]{3,}"
    r"|加(我)?\s*(微信|薇|[vV]信?|vx|wx|qq)|(?<![a-z])(qq|扣扣)\s*(号|群)?\s*[:：+]?\s*\d{5,}"
    r"|(?<![a-z])(whatsapp|telegram|line)\s*(id)?\s*[:：+]\s*\S+",
    re.I,
)
_SHARING = r"转发|转朋友圈|分享(到|至|给)?(朋友圈|好友|群|微信群)?|集赞|点赞|助力|砍一刀"
_PRIZE = r"抽奖|领奖|领取|免费领|送礼|得(红包|奖|礼|现金)|红包|返现|赢"
_PRIZE_FOR_SHARING = re.compile(
    rf"({_SHARING}).{{0,8}}({_PRIZE})|({_PRIZE}).{{0,4}}({_SHARING})"
    r"|\b(share|repost|forward|like)\b.{0,30}\b(to win|to get|and win|and get|for a chance|to enter)\b",
    re.I,
)


def find_link(text: str) -> str | None:
    """The first URL or domain name."""
    return _first(_LINK, text)


def find_contact(text: str) -> str | None:
    """The first contact detail: an e-mail address, a phone number, or an account of another messenger."""
    return _first(_CONTACT, text)


def find_prize_for_sharing(text: str) -> str | None:
    """The first promise of something for sharing the post, rather than for a friend who follows."""
    return _first(_PRIZE_FOR_SHARING, text)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(unicodedata.normalize("NFKC", text))
    return match[0] if match else None
