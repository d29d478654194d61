"""The rewards of a program in words, as they are promised to people."""

from dataclasses import dataclass
from typing import assert_never

from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import Role
from referral.pages.languages import gettext, ngettext


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
    match reward.kind:
        case "guide":
            return gettext("A guide to keep")
        case "discount_code":
            return (
                gettext("%(percent)s %% off", percent=reward.percent) if reward.percent else gettext("A discount code")
            )
        case "early_access":
            return gettext("Early access")
        case "shoutout":
            return gettext("A public thank-you")
        case "giveaway_entry":
            return gettext("A ticket in the draw")
        case "exclusive_content":
            return gettext("Exclusive content")
        case _:
            assert_never(reward.kind)


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
