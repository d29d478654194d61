"""Texts that depend on the channel: how friends use a code there."""

from referral.events.facts import Channel
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext

_WITH_COMMENTS: frozenset[Channel] = frozenset({"xiaohongshu", "weibo", "douyin"})


def follow_instruction(channel: Channel) -> str:
    """The first step: where to follow."""
    name = channel_name(channel)
    return gettext("Follow us on %(channel)s", channel=name) if name else gettext("Follow us")


def code_instruction(channel: Channel, code: str, mention: str | None) -> str:
    """The sentence that asks friends to use the code: in a comment, or in a message where there are no comments."""
    if channel in _WITH_COMMENTS:
        if mention:
            return gettext("Follow, then comment %(code)s or mention %(mention)s", code=code, mention=mention)
        return gettext("Follow, then comment %(code)s", code=code)
    if mention:
        return gettext("Follow, then send %(code)s or mention %(mention)s", code=code, mention=mention)
    return gettext("Follow, then send %(code)s", code=code)


def poster_instruction(*, can_scan: bool) -> str:
    """The line above the code on a poster."""
    return gettext("Scan or use my code") if can_scan else gettext("Follow, then comment my code")
