"""What makes a referral pay, in a program file: the fields that belong to each answer to `qualifies_on`."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

_MOST = 10**12
_NEEDS = {
    "order.paid": {
        "min_amount": "is missing: qualifies_on order.paid needs what an order must come to, such as min_amount: 99",
        "currency": "is missing: qualifies_on order.paid needs the currency of min_amount, such as currency: CNY",
    },
    "person.retained": {
        "retained_days": "is missing: qualifies_on person.retained needs the days to stay, such as retained_days: 7",
    },
}


def money() -> fields.Decimal:
    """What an order must come to. It is answered as a string, so that no reader rounds it."""
    return fields.Decimal(
        allow_nan=False,
        validate=_sum_of_money,
        metadata={
            "type": ["number", "string"],
            "description": "what an order must come to, at least, such as 99 or 99.90",
        },
    )


def _sum_of_money(amount: Decimal) -> None:
    """Refuses what no order comes to. (marshmallow's own Range would put decimals into OpenAPI as text.)"""
    if not 0 <= amount <= _MOST:
        raise ValidationError(f"is no sum of money: write 0 to {_MOST}")


def currency() -> fields.String:
    """The currency of an amount."""
    return fields.String(
        validate=validate.Regexp(re.compile(r"[A-Z]{3}\Z"), error="is no currency: write three capitals such as CNY"),
        metadata={"description": "the currency of min_amount (ISO 4217), such as CNY"},
    )


def qualifying_mistakes(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields that `qualifies_on` needs and lacks, and those that belong to another answer."""
    answer = section.get("qualifies_on", "person.followed")
    for belongs_to, needs in _NEEDS.items():
        for name, missing in needs.items():
            if answer == belongs_to and name not in section:
                yield name, missing
            elif answer != belongs_to and name in section:
                yield name, f"belongs to qualifies_on: {belongs_to}: write that, or remove it"
