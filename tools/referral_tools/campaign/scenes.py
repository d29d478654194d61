"""What an operator, the shop and a webhook receiver do in a campaign: the scenes of a script."""

from dataclasses import dataclass
from typing import Literal

from referral.events.facts import OrderPaid

HowUsed = Literal["whole", "hold", "cancel", "refund"]
Checkout = Literal["none", "used", "held"]
"""What the shop did with the code at its checkout before it reported the order: nothing, used it, or held it."""


@dataclass(frozen=True, slots=True)
class UploadCodes:
    """The shop uploads `count` codes of its own to a pool, numbered from `first`."""

    pool: str
    first: int
    count: int

    @property
    def codes(self) -> list[str]:
        """The codes."""
        return [
            f"{self.pool.upper().replace('-', '')}{number:05}" for number in range(self.first, self.first + self.count)
        ]


@dataclass(frozen=True, slots=True)
class RaiseBudget:
    """The growth team applies the program with a larger budget of a rule, in the currency's main unit."""

    rule: str
    total: int


@dataclass(frozen=True, slots=True)
class SwitchReceiver:
    """The platform's webhook receiver stops answering, or answers again."""

    up: bool


@dataclass(frozen=True, slots=True)
class SpendCredit:
    """A person with credit uses `percent` of it for an order.

    `how`: with the order; after a hold, of which half is captured; for an order that is cancelled, or refunded by half.
    """

    person: str
    order: str
    percent: int
    how: HowUsed


@dataclass(frozen=True, slots=True)
class PayWithCode:
    """The shop reports a payment with the code that `owner` has by a rule; without one if there is none, or it was taken back.

    `percent` of a code of a fixed amount is used, all that is left if None. The event is sent twice if `twice`.
    """

    owner: str
    rule: str
    fact: OrderPaid
    percent: int | None = None
    checkout: Checkout = "none"
    twice: bool = False


Scene = UploadCodes | RaiseBudget | SwitchReceiver | SpendCredit | PayWithCode
