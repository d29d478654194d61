"""Amounts on the log: integers of a currency's minor unit (fen, cents), or of points. They are never fractions, and never mixed."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from referral.events.currencies import minor_unit_digits

POINTS: Literal["points"] = "points"
"""The unit of balances that are no money."""
MAX_AMOUNT = 10**15
"""Below 2^53: every JSON reader keeps it exact."""
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="in the unit's smallest part, e.g. fen for CNY")]
Unit = Annotated[str, Meta(min_length=3, max_length=6, description="an ISO 4217 code such as CNY, or points")]


class Value(Struct, frozen=True, array_like=True, gc=False):
    """So many minor units of a currency, or points; as JSON `[amount, unit]`."""

    amount: Amount
    unit: Unit


def share_of(amount: int, part: int, whole: int) -> int:
    """`amount` × `part` / `whole`, rounded half to even. `whole` is positive.

    Half to even (IEEE 754 roundTiesToEven, "banker's rounding") has no drift over many orders. For parts that must add up
    to `amount`, take differences of the shares of running totals.
    """
    quotient, remainder = divmod(amount * part, whole)
    doubled = 2 * remainder
    return quotient + (doubled > whole or (doubled == whole and quotient % 2 == 1))


def money(amount: Decimal, currency: str) -> Value:
    """An amount of the currency's main unit in minor units, rounded half to even: 9.90 CNY → 990 fen. Raises KeyError."""
    minor = amount.scaleb(minor_unit_digits(currency)).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Value(int(minor), currency)


def in_main_unit(value: Value) -> Decimal:
    """A value in the currency's main unit, with its decimal places: 990 fen → 9.90; points as they are. Raises KeyError."""
    return Decimal(value.amount).scaleb(0 if value.unit == POINTS else -minor_unit_digits(value.unit))
