"""What a reward is worth, in words of a page."""

from referral.events.money import Value
from referral.pages.amounts import amount_text


def value_text(value: Value) -> str:
    """A value as the language writes it: ¥12.00, 3 points."""
    return amount_text(value.amount, value.unit)
