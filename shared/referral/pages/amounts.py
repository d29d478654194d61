"""Amounts of money and points, as pages write them."""

from decimal import Decimal

from babel.numbers import format_currency

from referral.events.currencies import minor_unit_digits
from referral.events.money import POINTS
from referral.pages.languages import LOCALES, language, ngettext


def amount_text(amount: int, unit: str) -> str:
    """Returns an amount in minor units of a currency, or in points, in the request's language: 990 CNY is ¥9.90."""
    if unit == POINTS:
        return ngettext("%(num)d point", "%(num)d points", amount)
    worth = Decimal(amount).scaleb(-minor_unit_digits(unit))
    return format_currency(worth, unit, locale=LOCALES[language()])
