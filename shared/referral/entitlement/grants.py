"""The state of the decide fold: what each referrer and each conversion has been granted, and how it counts."""

from msgspec import Struct

from referral.entitlement.orders import OrderState
from referral.events.money import Value
from referral.events.rewards import StopReason


class ActiveGrant(Struct, frozen=True, array_like=True):
    """A reward that is granted and not revoked."""

    reward: str
    beneficiary: str


class OrderGrant(Struct, frozen=True, array_like=True):
    """The same for an order, with its value and cost: a refund of part of the order changes them."""

    reward: str
    beneficiary: str
    value: Value | None = None
    cost: Value | None = None


class Block(Struct, frozen=True, array_like=True):
    """A block of so many days or weeks in a row that earned a reward."""

    units: int
    grant: ActiveGrant


class Streak(Struct, frozen=True, array_like=True):
    """How many referrals count in each day or week (by number), and the blocks by the number of their first one."""

    referrals: dict[int, int] = {}
    blocks: dict[int, Block] = {}


class Milestone(Struct, frozen=True, array_like=True):
    """A milestone that is reached: its grant, how many conversions it needs, and the counter of those (empty: of all)."""

    grant: ActiveGrant
    referrals: int
    counter: str = ""


class ReferrerGrants(Struct, frozen=True, array_like=True, tag="referrer"):
    """How many of a referrer's conversions count, the milestones that they reach, the counters, and the streaks, by rule."""

    conversions: int = 0
    milestones: dict[str, Milestone] = {}
    counts: dict[str, int] = {}
    streaks: dict[str, Streak] = {}


class ConversionGrants(Struct, frozen=True, array_like=True, tag="converted"):
    """What a conversion has earned by itself, and how it counts.

    `counted` are the referrer's counters that it raised, `units` the rules and units of streaks. `stop` is why its referrer earns
    nothing by it, `stopped` are the rewards that this stopped. `orders` are the orders of the person: they wait until the
    conversion is cleared (`active`), and earn `order_grants` while it is.
    """

    grants: tuple[ActiveGrant, ...] = ()
    counted: tuple[str, ...] = ()
    units: tuple[tuple[str, int], ...] = ()
    stop: StopReason | None = None
    stopped: tuple[str, ...] = ()
    active: bool = True
    orders: tuple[OrderState, ...] = ()
    order_grants: tuple[OrderGrant, ...] = ()


WAITING = ConversionGrants(active=False)
"""A conversion that is not cleared."""
