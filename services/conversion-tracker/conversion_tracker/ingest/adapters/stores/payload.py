"""Reads a store's JSON into its types. What is missing or of another type is an error with a pointer to it."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappingError
from conversion_tracker.ingest.event_errors import split_message
from referral.events.currencies import currency_of_event, minor_unit_digits
from referral.events.value_checks import InvalidValue

Payload = TypeVar("Payload")
Money = object  # stores write texts; `main_unit` takes numbers too
StoreId = int | str
CLICK_NAMES = ("rt",)
CODE_NAMES = ("referral_code", "code")
"""The names under which a shop keeps a click token or a referral code with an order; a `_` before it hides it from buyers."""
_MAX_AMOUNT_TEXT = 32
_MAX_DIGITS = 16  # before the point, as of amounts in events


def unmapped_topic(name: str, topics: Sequence[str], header: str, topic: str) -> IgnoredItem:
    """A webhook of a topic that the adapter does not take; the detail names those that it takes."""
    return IgnoredItem(
        "unmapped_type", "", f"The adapter {name} takes {', '.join(topics)}; {header} has {topic[:64]!r}."
    )


def read_payload(payload: object, expected: type[Payload]) -> Payload:
    """The payload as `expected`. Raises MappingError with a pointer to what is wrong."""
    try:
        return msgspec.convert(payload, expected)
    except msgspec.ValidationError as error:
        message, pointer = split_message(error)
        raise MappingError("not_mapped", pointer, f"{message}.") from None


def main_unit(amount: Money, pointer: str) -> Decimal:
    """An amount in the main unit, as stores write it ("29.35", "1500", "1.250"). Raises MappingError."""
    try:
        text = str(amount) if isinstance(amount, (str, int, Decimal)) else ""
        value = Decimal(text) if len(text) <= _MAX_AMOUNT_TEXT else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or value.adjusted() >= _MAX_DIGITS:
        raise MappingError("invalid_value", pointer, "The amount must be a number in the currency's main unit.")
    return value


def in_whole_minor_units(amount: object, currency: str) -> object:
    """An amount with more decimals than its currency, rounded half to even: 29.355 CNY are 29.36. Any other as it is.

    WooCommerce writes totals with as many decimals as a shop chose for its prices; what was paid has those of the currency. What is
    no amount or no currency is returned too: the checks of the event refuse it with the reason.
    """
    try:
        value = main_unit(amount, "")
        step = Decimal(1).scaleb(-minor_unit_digits(currency_of_event(currency)))
    except (MappingError, InvalidValue):
        return amount
    rounded = value.quantize(step, ROUND_HALF_EVEN)
    return amount if value == rounded else f"{rounded}"


def attribute_value(attributes: Iterable[tuple[object, object]], names: tuple[str, ...]) -> str | None:
    """The first text under one of the names, in any case and with or without a leading `_`; None if there is none."""
    for name, value in attributes:
        if isinstance(name, str) and name.lower().removeprefix("_") in names and isinstance(value, str) and value:
            return value
    return None
