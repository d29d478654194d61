"""What makes a referral pay, in a program file: the fields that belong to each answer to `qualifies_on`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields, validate

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
    """What an order must come to."""
    return fields.Decimal(
        allow_nan=False,
        validate=validate.Range(0, 10**12),
        metadata={"description": "what an order must come to, at least, such as 99 or 99.90"},
    )


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
