"""Rewards by name, as pages name them: the program's own name, a discount, or a text for their kind."""

import re
from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_currency
from flask_babel import lazy_gettext

from referral.events.reward_rules import Reward
from referral.events.rewards import RewardKind
from referral.pages.languages import LOCALES, gettext, language, localize, ngettext

_KINDS: Mapping[RewardKind, object] = {
    "guide": lazy_gettext("A guide"),
    "discount_code": lazy_gettext("A discount code"),
    "credit": lazy_gettext("A credit"),
    "early_access": lazy_gettext("Early access"),
    "shoutout": lazy_gettext("A shout-out"),
    "giveaway_entry": lazy_gettext("An entry in the draw"),
    "gift": lazy_gettext("A gift"),
    "exclusive_content": lazy_gettext("An exclusive extra"),
}
_YUAN = re.compile(r"[¥￥]\s*(\d[\d,.]*)")


def reward_name(rule: Reward) -> str:
    """Returns what a reward is, in the request's language."""
    if rule.name:
        return localize(rule.name)
    if rule.kind == "credit" and rule.percent:
        return gettext("%(percent)d%% of each order back", percent=rule.percent)
    if rule.points:
        return ngettext("%(num)d point", "%(num)d points", rule.points)
    if rule.amount is not None and rule.currency and not rule.percent:
        return _amount(rule.kind, rule.amount, rule.currency)
    return kind_name(rule.kind, rule.percent)


def kind_name(kind: RewardKind, percent: int | None) -> str:
    """Returns what a reward of a kind is whose rule has no name, or is not known any more."""
    return _discount(percent) if kind == "discount_code" and percent else str(_KINDS[kind])


def worth_text(worth: str | None) -> str:
    """Returns what a reward is worth, in words; empty if nothing is said about it."""
    if not worth:
        return ""
    yuan = _YUAN.fullmatch(worth) if language() == "zh-CN" else None
    return gettext("%(worth)s value", worth=f"{yuan[1]} 元" if yuan else worth)


def price_text(amount: Decimal, currency: str) -> str:
    """Returns an amount of money in the request's language: ¥9.90, and ¥5 for a whole one."""
    return format_currency(amount, currency, locale=LOCALES[language()]).removesuffix(".00")


def _amount(kind: RewardKind, worth: Decimal, currency: str) -> str:
    """A credit or a discount of a fixed amount: ¥5 credit, ¥10 off."""
    amount = price_text(worth, currency)
    if kind == "discount_code":
        return gettext("%(amount)s off", amount=amount)
    return gettext("%(amount)s credit", amount=amount)


def _discount(percent: int) -> str:
    """A discount as each language writes it: 20% off, 8 折 (eight tenths of the price)."""
    if percent == 100:
        return gettext("Free")
    tenths = f"{(100 - percent) / 10:g}"
    return gettext("%(discount)s off", discount=tenths if language() == "zh-CN" else f"{percent}%")
