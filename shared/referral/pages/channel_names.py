"""The names of channels on pages."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

_NAMES: Mapping[str, object] = {
    "xiaohongshu": lazy_gettext("Xiaohongshu"),
    "wechat": lazy_gettext("WeChat"),
    "weibo": lazy_gettext("Weibo"),
    "douyin": lazy_gettext("Douyin"),
}


def channel_name(channel: str) -> str:
    """Returns the platform's name in the request's language; an empty string for the open web."""
    return str(_NAMES.get(channel, ""))
