"""Orders paid with the code of a reward, in `referral.rewards`: what was reported, the search for the code, and what came of it.

A code is in the partition of the person who has the reward, and anyone may use it. So the search begins at the buyer's partition
and goes on from partition to partition until one has the code; when it is back at the first, the program has no such code.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.facts import Amount, SealedText
from referral.events.line import Derived, Id, PersonId, Timestamp
from referral.events.money import Amount as MinorUnits
from referral.events.money import Unit
from referral.events.redemptions import RefusalReason

OrderChange = Literal["paid", "refunded", "cancelled", "reinstated"]
OtherPrograms = Annotated[
    tuple[Id, ...], Meta(max_length=32, description="programs that hand out codes too, for a clear refusal")
]
OrderCodeRefusal = RefusalReason | Literal["wrong_program", "wrong_currency"]


class OrderLine(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A line about an order of a person, the buyer. `order` is the shop's id of it."""

    person: PersonId
    order: Id


class OrderReported(OrderLine, frozen=True, kw_only=True, omit_defaults=True, tag="order.reported"):
    """A platform reported that an order was paid with a code, or refunded, cancelled or reinstated; `event` is the event's id.

    `happened_at` is when. `amount` is what was paid or refunded (left out: all of it), `used` how much of the reward was used;
    both in the main unit of the currency.
    """

    event: Id
    change: OrderChange
    happened_at: Timestamp
    amount: Amount | None = None
    unit: Unit | None = None
    used: Amount | None = None
    sealed_code: SealedText | None = None
    programs: OtherPrograms = ()


class OrderCodeSought(OrderLine, frozen=True, kw_only=True, omit_defaults=True, tag="order.code_sought"):
    """The code of an order is looked for; `origin` is the partition of the buyer. `reward` was found by it in this partition.

    `other_program` was seen on the way to have such a code. `used` is in minor units.
    """

    request: Id
    sealed_code: SealedText
    unit: Unit
    origin: Annotated[int, Meta(ge=0)]
    used: MinorUnits | None = None
    reward: Id | None = None
    programs: OtherPrograms = ()
    other_program: Id | None = None


class OrderCodeTaken(OrderLine, frozen=True, kw_only=True, tag="order.code_taken"):
    """The reward `id` of the code is used for the order, by the redemption `request`."""

    id: Id
    beneficiary: PersonId
    request: Id


class OrderCodeRefused(OrderLine, frozen=True, kw_only=True, omit_defaults=True, tag="order.code_refused"):
    """The code of the order was not taken. `used_for` is the order that used it, `other_program` the program that it is of."""

    request: Id
    reason: OrderCodeRefusal
    id: Id | None = None
    used_for: Id | None = None
    other_program: Id | None = None


OrderCodeLine = OrderReported | OrderCodeTaken | OrderCodeRefused
"""Lines in the partition of the buyer; the search goes from partition to partition."""
