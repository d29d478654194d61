"""The rewards of a program in words, as they are promised to people."""

from dataclasses import dataclass
from typing import assert_never

from referral.events.attribution_rules import Attribution
from referral.events.program import Program
from referral.events.reward_rules import PrizeTrigger, Reward
from referral.events.rewards import Role
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, ngettext
from referral.pages.reward_names import price_text, reward_name, worth_text


@dataclass(frozen=True, slots=True)
class GiftText:
    """A reward in words: what it is, when it is granted, what it is worth, when it expires, and on which conditions only.

    The last three may be empty.
    """

    what: str
    when: str
    worth: str = ""
    until: str = ""
    only: str = ""


def gift_texts(program: Program, role: Role, partner: str | None = None) -> list[GiftText]:
    """The rewards for one side, in the order of the program, in the request's language.

    `partner` is whom the referral counts for; what other partners' friends get is left out.
    """
    return [
        GiftText(
            reward_name(reward),
            _when(reward, program.attribution),
            worth_text(reward.worth),
            _until(reward),
            _only(reward),
        )
        for reward in program.rewards
        if reward.to == role and (not reward.where.partners or partner in reward.where.partners)
    ]


def _only(reward: Reward) -> str:
    """On which conditions only, in words: channels, posts, and the amount of an order."""
    texts = []
    if reward.where.channels:
        names = [channel_name(channel) or gettext("the web") for channel in reward.where.channels]
        texts.append(gettext("through %(channels)s only", channels=gettext(" or ").join(names)))
    if reward.where.content:
        texts.append(gettext("for certain posts only"))
    if reward.min_order is not None and reward.currency:
        texts.append(gettext("orders of %(amount)s or more", amount=price_text(reward.min_order, reward.currency)))
    if reward.max_amount is not None and reward.currency:
        texts.append(gettext("at most %(amount)s an order", amount=price_text(reward.max_amount, reward.currency)))
    return " · ".join(texts)


def _when(reward: Reward, rules: Attribution) -> str:
    match reward.on:
        case "order.qualified":
            return _when_ordered(reward)
        case "streak":
            return _when_in_a_row(reward)
        case "board.prize" | "draw.won" | "challenge.participant" | "challenge.weekly" | "challenge.final":
            return _when_won(reward.on)
        case "conversion.cleared" | "milestone":
            return _when_referred(reward, rules)
        case _:
            assert_never(reward.on)


def _when_won(trigger: PrizeTrigger) -> str:
    """For a prize: of a board, a draw or a challenge."""
    texts: dict[PrizeTrigger, str] = {
        "board.prize": gettext("for a place on the leaderboard"),
        "draw.won": gettext("if you win the draw"),
        "challenge.participant": gettext("for taking part in the challenge"),
        "challenge.weekly": gettext("for the post of the week"),
        "challenge.final": gettext("for the winner of the challenge"),
    }
    return texts[trigger]


def _when_ordered(reward: Reward) -> str:
    """For orders of the friend, or their first one."""
    if reward.where.first_order:
        return gettext("for your first order") if reward.to == "referee" else gettext("for each friend's first order")
    return gettext("for your orders") if reward.to == "referee" else gettext("for your friends' orders")


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
