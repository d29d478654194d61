"""The rewards of a program in words, as they are promised to people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext

from referral.events.attribution_rules import Attribution
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardKind, Role
from referral.pages.languages import gettext, language, localize, ngettext

_KINDS: Mapping[RewardKind, object] = {
    "guide": lazy_gettext("A guide"),
    "discount_code": lazy_gettext("A discount code"),
    "early_access": lazy_gettext("Early access"),
    "shoutout": lazy_gettext("A shout-out"),
    "giveaway_entry": lazy_gettext("An entry in the draw"),
    "exclusive_content": lazy_gettext("An exclusive extra"),
}
_YUAN = re.compile(r"[¥￥]\s*(\d[\d,.]*)")


@dataclass(frozen=True, slots=True)
class GiftText:
    """A reward in words: what it is, when it is granted, what it is worth and when it expires (both may be empty)."""

    what: str
    when: str
    worth: str = ""
    until: str = ""


def gift_texts(program: Program, role: Role) -> list[GiftText]:
    """The rewards for one side, in the order of the program, in the request's language."""
    return [
        GiftText(_what(reward), _when(reward, program.attribution), _worth(reward), _until(reward))
        for reward in program.rewards
        if reward.to == role
    ]


def _what(reward: Reward) -> str:
    if reward.name:
        return localize(reward.name)
    if reward.kind == "discount_code" and reward.percent:
        return _discount(reward.percent)
    return str(_KINDS[reward.kind])


def _discount(percent: int) -> str:
    """A discount as each language writes it: 20% off, 8 折 (eight tenths of the price)."""
    if percent == 100:
        return gettext("Free")
    tenths = f"{(100 - percent) / 10:g}"
    return gettext("%(discount)s off", discount=tenths if language() == "zh-CN" else f"{percent}%")


def _when(reward: Reward, rules: Attribution) -> str:
    if reward.to == "referee":
        return _when_for_referee(rules)
    match rules.qualifies_on:
        case "order.paid":
            return _when_friends_order(reward.milestone)
        case "person.retained":
            return _when_friends_stay(reward.milestone)
        case _:
            return _when_friends_follow(reward.milestone)


def _when_friends_follow(friends: int | None) -> str:
    if friends is None:
        return gettext("for every friend who follows")
    if friends == 1:
        return gettext("when the first friend follows")
    return ngettext("after %(num)d friend follows", "after %(num)d friends follow", friends)


def _when_friends_order(friends: int | None) -> str:
    if friends is None:
        return gettext("for every friend who orders")
    if friends == 1:
        return gettext("when the first friend orders")
    return ngettext("after %(num)d friend orders", "after %(num)d friends order", friends)


def _when_friends_stay(friends: int | None) -> str:
    if friends is None:
        return gettext("for every friend who follows and stays")
    if friends == 1:
        return gettext("when the first friend follows and stays")
    return ngettext("after %(num)d friend follows and stays", "after %(num)d friends follow and stay", friends)


def _when_for_referee(rules: Attribution) -> str:
    if rules.qualifies_on == "order.paid":
        return gettext("after your first order")
    if rules.qualifies_on == "person.retained":
        days = rules.retained_days or 1
        return ngettext("after following for %(num)d day", "after following for %(num)d days", days)
    return gettext("when you follow")


def _worth(reward: Reward) -> str:
    if not reward.worth:
        return ""
    yuan = _YUAN.fullmatch(reward.worth) if language() == "zh-CN" else None
    return gettext("%(worth)s value", worth=f"{yuan[1]} 元" if yuan else reward.worth)


def _until(reward: Reward) -> str:
    if reward.expires_days is None:
        return ""
    return ngettext("use within %(num)d day", "use within %(num)d days", reward.expires_days)
