"""Amounts in a currency's minor unit (fen, cents), converted to its main unit by the exponent of ISO 4217."""

import re
from decimal import Decimal

from referral.events.currencies import currency_of_event, minor_unit_digits

_WHOLE = re.compile(r"[+-]?\d{1,24}(\.0{1,24})?", re.ASCII)


def in_main_unit(amount: object, currency: object) -> Decimal:
    """The amount in the main unit: 19900 fen are 199.00 CNY, 500 JPY stay 500, 1250 fils are 1.250 KWD.

    Raises InvalidValue for a currency that is not in ISO 4217, and ValueError for an amount that is not a whole number of at most
    24 digits.
    """
    digits = minor_unit_digits(currency_of_event(str(currency)))
    text = "" if isinstance(amount, bool) or not isinstance(amount, (str, int, Decimal)) else f"{amount!s}"
    if not _WHOLE.fullmatch(text):
        raise ValueError(
            "must be a whole number of at most 24 digits, in the currency's minor unit such as fen or cents"
        )
    return Decimal(int(text.partition(".")[0])).scaleb(-digits)
