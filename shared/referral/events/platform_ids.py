"""The platform's id of a person who is known by their name on a channel only. Pure."""

import unicodedata
from collections.abc import Mapping

from referral.events.facts import Channel
from referral.events.normal_forms import is_invisible

ID_PREFIXES: Mapping[Channel, str] = {
    "xiaohongshu": "xhs",
    "wechat": "wechat",
    "weibo": "weibo",
    "douyin": "douyin",
    "web": "web",
}
"""How the platform's ids of a channel begin."""
_MAX_NAME = 64
_OUTER = "「」『』【】《》<>\"'“”‘’()（）,，。:：;； "


def platform_id(channel: Channel, name: str) -> str:
    """The id of a person who is known by their name only: the channel's prefix and the name in one case, without spaces.

    Empty if the name has no visible character. A name that is an id already, such as `xhs:u42`, stays.
    """
    text = unicodedata.normalize("NFKC", name).strip().removeprefix("@")
    visible = "".join(one for one in text if one.isspace() or not is_invisible(one)).strip(_OUTER)
    plain = "_".join(visible.split())[:_MAX_NAME]
    if not plain:
        return ""
    is_id = any(plain.startswith(f"{prefix}:") for prefix in ID_PREFIXES.values())
    return plain if is_id else f"{ID_PREFIXES[channel]}:{plain.casefold()}"
