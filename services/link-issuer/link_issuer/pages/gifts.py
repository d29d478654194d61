"""The rewards of a program in words, as they are promised to people."""

from dataclasses import dataclass
from typing import assert_never

from referral.events.attribution_rules import Attribution
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import Role
from referral.pages.languages import gettext, ngettext
from referral.pages.reward_names import reward_name, worth_text


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
        GiftText(reward_name(reward), _when(reward, program.attribution), worth_text(reward.worth), _until(reward))
        for reward in program.rewards
        if reward.to == role
    ]


def _when(reward: Reward, rules: Attribution) -> str:
    match reward.on:
        case "order.qualified":
            return gettext("for your orders") if reward.to == "referee" else gettext("for your friends' orders")
        case "streak":
            return _when_in_a_row(reward)
        case "conversion.cleared" | "milestone":
            return _when_referred(reward, rules)
        case _:
            assert_never(reward.on)


def _when_in_a_row(reward: Reward) -> str:
    """For friends on so many days or weeks in a row."""
    units = reward.streak or 1
    if reward.streak_unit == "week":
        return ngettext("for %(num)d week in a row with a friend", "for %(num)d weeks in a row with a friend", units)
    return ngettext("for %(num)d day in a row with a friend", "for %(num)d days in a row with a friend", units)


def _when_referred(reward: Reward, rules: Attribution) -> str:
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


def _until(reward: Reward) -> str:
    if reward.expires_days is None:
        return ""
    return ngettext("use within %(num)d day", "use within %(num)d days", reward.expires_days)
