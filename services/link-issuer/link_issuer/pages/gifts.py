"""The rewards of a program in words, as they are promised to people."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext

from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardKind, Role
from referral.pages.languages import gettext, ngettext

_KINDS: Mapping[RewardKind, object] = {
    "guide": lazy_gettext("A guide to keep"),
    "discount_code": lazy_gettext("A discount code"),
    "early_access": lazy_gettext("Early access"),
    "shoutout": lazy_gettext("A public thank-you"),
    "giveaway_entry": lazy_gettext("A ticket in the draw"),
    "exclusive_content": lazy_gettext("Exclusive content"),
}


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
        GiftText(_what(reward), _when(reward), _worth(reward), _until(reward))
        for reward in program.rewards
        if reward.to == role
    ]


def _what(reward: Reward) -> str:
    if reward.kind == "discount_code" and reward.percent:
        return gettext("%(percent)s %% off", percent=reward.percent)
    return str(_KINDS[reward.kind])


def _when(reward: Reward) -> str:
    if reward.on == "milestone":
        num = reward.referrals or 1
        return ngettext("when %(num)d friend has followed", "when %(num)d friends have followed", num)
    if reward.to == "referee":
        return gettext("when you follow")
    return gettext("for the first friend who follows") if reward.once else gettext("for every friend who follows")


def _worth(reward: Reward) -> str:
    return gettext("worth %(worth)s", worth=reward.worth) if reward.worth else ""


def _until(reward: Reward) -> str:
    if reward.expires_days is None:
        return ""
    return ngettext("to be used within %(num)d day", "to be used within %(num)d days", reward.expires_days)
