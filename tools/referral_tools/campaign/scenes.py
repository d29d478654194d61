"""What an operator, the shop and a webhook receiver do in a campaign: the scenes of a script."""

from dataclasses import dataclass
from typing import Literal

HowUsed = Literal["whole", "hold", "cancel", "refund"]


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


Scene = UploadCodes | RaiseBudget | SwitchReceiver | SpendCredit
