"""What became of what was granted, in one unit: granted = held + free + used + expired + clawed back. Pure."""

from typing import Literal, NamedTuple

REWARDS_UNIT = "rewards"
"""The unit of rewards that are used as a whole: each counts as one."""

Stage = Literal["held", "free", "closed", "expired", "taken_back"]
"""Where a reward is: not handed over (or an operator holds it), usable, used up, expired, or revoked."""


class MoneyFigures(NamedTuple):
    """Amounts in minor units of a currency, in points, or numbers of rewards.

    `held` is not handed over yet, or reserved for an order. `used` is net of what was given back. `expired` has remainders below
    the smallest use, which closed with the last use. `clawed_back` was taken back unused, or used and repaid by later credit.
    `owed` is beside the sum: it was used without a right to it, and is not repaid.
    """

    granted: int = 0
    held: int = 0
    free: int = 0
    used: int = 0
    expired: int = 0
    clawed_back: int = 0
    owed: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether what was granted is the sum of its parts."""
        return self.granted == self.held + self.free + self.used + self.expired + self.clawed_back

    def plus(self, other: "MoneyFigures", sign: int = 1) -> "MoneyFigures":
        """The sums of both; with `sign` -1 the differences."""
        return MoneyFigures(*(one + sign * another for one, another in zip(self, other, strict=True)))


def figures_of(stage: Stage, worth: int, consumed: int, repaid: int, reserved: int) -> MoneyFigures:
    """The figures of one reward that is worth `worth`.

    `consumed` was used or has paid for debt, `repaid` is what other credit has paid for this reward, `reserved` is held for orders.
    What was consumed beyond the worth is only owed, until credit repays it: then it is that credit's use.
    """
    used = max(0, min(consumed - repaid, worth))
    rest, excess = worth - used, consumed if stage == "taken_back" else max(0, consumed - worth)
    owed = max(0, excess - repaid)
    match stage:
        case "held":
            return MoneyFigures(worth, rest, 0, used, 0, 0, owed)
        case "free":
            held = min(rest, reserved)
            return MoneyFigures(worth, held, rest - held, used, 0, 0, owed)
        case "closed" | "expired":
            return MoneyFigures(worth, 0, 0, used, rest, 0, owed)
        case "taken_back":
            return MoneyFigures(worth, 0, 0, used, 0, rest, owed)
