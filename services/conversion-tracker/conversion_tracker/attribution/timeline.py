"""The timeline of a person: entries taken in order up to the facts that a verdict needs.

Times are milliseconds since the epoch (`at`), and the microseconds within that millisecond (`micros`), which decide the order only.
Facts of the same microsecond are ordered by type (evidence and orders, follow, unfollow) and then by id, the shorter id first, so
that evt_98 comes before evt_100. Whether a person followed again in the microsecond of an unfollow cannot be known.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from referral.events.attributions import EvidenceKind
from referral.events.facts import Channel

EntryKind = Literal["touch", "follow", "unfollow", "order", "refund", "reinstatement"]
TouchFlaw = Literal["unknown_code", "unknown_mention", "self_referral", "expired"]


class Touch(Struct, frozen=True, array_like=True, gc=False):
    """Evidence that a person was referred. `referrer` is a participant id; it is empty if the touch has a `flaw`.

    `partner` is the partner that the referrer is, or that the link was made for; `by_partner` is true if the referrer is one.
    `root` is who began the chain of sharers, if that was not the referrer.
    """

    kind: EvidenceKind
    at: int
    event: str
    referrer: str = ""
    flaw: TouchFlaw | None = None
    code: str | None = None
    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    partner: str | None = None
    campaign: str | None = None
    by_partner: bool = False
    micros: int = 0
    root: str | None = None


def touch_order(touch: Touch) -> tuple[int, int, int, str]:
    """Sort key of touches: time, then event id."""
    return touch.at, touch.micros, len(touch.event), touch.event


class OrderRecord(Struct, frozen=True, array_like=True, gc=False):
    """A paid order, its reinstatement, or a refund: of all of it if the amount is 0.

    `order` is the shop's id of the order, `event` the fact's id.
    """

    at: int
    order: str
    amount: Decimal = Decimal(0)
    currency: str = ""
    event: str = ""


class HistoryEntry(Struct, frozen=True, array_like=True, gc=False):
    """A fact that affects attribution. A follow has the `version` of the rules in force at that time (0 if there were none).

    `offset` and `line` are the position of the fact in its partition of the events, as first received; -1 if unknown.
    """

    at: int
    id: str
    kind: EntryKind
    touches: tuple[Touch, ...] = ()
    version: int = 0
    device: str | None = None
    order: OrderRecord | None = None
    network: str | None = None
    look_alike: str | None = None
    handle_matches: tuple[int, ...] = ()
    offset: int = -1
    line: int = 0
    micros: int = 0


EntryOrder = tuple[int, int, int, int, str]
_TYPE_RANKS: dict[EntryKind, int] = {
    "touch": 0,
    "order": 0,
    "refund": 0,
    "reinstatement": 0,
    "follow": 1,
    "unfollow": 2,
}


def entry_order(entry: HistoryEntry) -> EntryOrder:
    """Sort key of entries: time, then type, then event id."""
    return entry.at, entry.micros, _TYPE_RANKS[entry.kind], len(entry.id), entry.id


class Timeline(Struct, array_like=True, gc=False):
    """What entries taken in order amount to: touches up to the first follow, that follow, the current follow, and orders."""

    touches: tuple[Touch, ...] = ()
    first_follow: HistoryEntry | None = None
    since: int | None = None  # the follow from which the person has followed until now; None if they do not follow
    unfollowed_at: int | None = None  # the last unfollow
    spells: int = 0  # how many times they began to follow
    orders: tuple[OrderRecord, ...] = ()
    refunds: tuple[OrderRecord, ...] = ()

    def add(self, entry: HistoryEntry) -> None:
        """Adds the next entry."""
        if self.first_follow is None:
            self.touches += entry.touches
        if entry.kind == "follow":
            self.first_follow = self.first_follow or entry
            if self.since is None:
                self.since = entry.at
                self.spells += 1
        elif entry.kind == "unfollow" and self.since is not None:
            self.since, self.unfollowed_at = None, entry.at
        elif entry.order is not None:
            self._add_order(entry.kind, entry.order)

    def _add_order(self, kind: EntryKind, order: OrderRecord) -> None:
        if kind == "order":
            self.orders += (order,)
        elif kind == "refund":
            self.refunds += (order,)
        else:  # entries are added in their order, so these are the refunds before it
            self.refunds = tuple(refund for refund in self.refunds if refund.order != order.order)

    def valid_orders(self) -> list[OrderRecord]:
        """Returns the orders at or after the first follow that were not refunded as a whole, the earliest first.

        A refund may arrive before its order.
        """
        return [order for order in self.orders_since_follow() if self.kept_amount(order) > 0]

    def orders_since_follow(self) -> list[OrderRecord]:
        """Returns the orders at or after the first follow, the earliest first."""
        first = self.first_follow
        return [order for order in self.orders if order.at >= first.at] if first is not None else []

    def kept_amount(self, order: OrderRecord) -> Decimal:
        """Returns what is left of an order after its refunds; 0 if a refund is of all of it."""
        refunds = [refund.amount for refund in self.refunds if refund.order == order.order]
        return Decimal(0) if Decimal(0) in refunds else order.amount - sum(refunds, Decimal(0))
