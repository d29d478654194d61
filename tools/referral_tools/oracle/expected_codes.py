"""What became of the orders that were reported with the code of a reward: whether the code was taken, and what of it stays used.

The order in which payments were accepted decides, since the first use wins. What was given back counts as of the moment of a
payment for whether the code is free, and as of the end for what stays used.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from referral.events.facts import Fact, Order, OrderPaid
from referral_tools.oracle.journal import WalletCode
from referral_tools.oracle.refunded_orders import OrderChange, minor_amount, returned_share

OrderKey = tuple[str, str]
"""The buyer's external id, and the shop's id of the order."""


class CodeOutcome(NamedTuple):
    """Whether the code of an order was taken, and why not, as the API names it."""

    code: str
    reason: str | None = None


TAKEN = CodeOutcome("taken")


@dataclass(frozen=True, slots=True)
class _Use:
    """A use for an order: how much was taken, in minor units, or 1 of a code that is used as a whole."""

    code: WalletCode
    order: Order
    amount: int


@dataclass(slots=True)
class ExpectedCodeUses:
    """The orders with a code, by buyer and order id; `codes` are those that wallets showed, by code in capitals."""

    codes: Mapping[str, WalletCode]
    outcomes: dict[OrderKey, CodeOutcome] = field(default_factory=dict)
    partial_uses: int = 0
    _uses: dict[OrderKey, _Use] = field(default_factory=dict)
    _changes: dict[OrderKey, list[OrderChange]] = field(default_factory=lambda: defaultdict(list))
    _orders_of: dict[str, list[OrderKey]] = field(default_factory=lambda: defaultdict(list))  # by reward

    def used(self) -> dict[WalletCode, int]:
        """How much of each code stays used, if anything does: minor units, or 1 of a code that is used as a whole."""
        sums = {use.code: self._used(use.code.reward) for use in self._uses.values()}
        return {code: amount for code, amount in sums.items() if amount}

    def orders_of(self, code: WalletCode) -> set[str]:
        """The orders for which a code stays used."""
        return {key[1] for key in self._orders_of[code.reward] if self._kept(key)}

    def add(self, fact: Fact) -> None:
        """Adds an accepted event."""
        if isinstance(fact, OrderChange):
            self._changes[fact.person, fact.data.order].append(fact)
        elif isinstance(fact, OrderPaid) and fact.data.reward_code is not None:
            key = fact.person, fact.data.order
            if self.outcomes.get(key) != TAKEN:
                code = self.codes.get(fact.data.reward_code.strip().upper())
                self.outcomes[key] = self._outcome(key, fact.data, code)

    def _outcome(self, key: OrderKey, order: Order, code: WalletCode | None) -> CodeOutcome:
        if code is None:
            return CodeOutcome("refused", "unknown")
        if code.value is not None and code.value.unit != order.currency.upper():
            return CodeOutcome("refused", "wrong_currency")
        whole = code.value.amount if code.value else 1
        free = whole - self._used(code.reward)
        if free <= 0:
            return CodeOutcome("refused", "already_redeemed")
        wanted = free if code.value is None or not order.reward_amount else _minor(order.reward_amount, order)
        if wanted > free:
            return CodeOutcome("refused", "insufficient")
        self._uses[key] = _Use(code, order, wanted)
        self._orders_of[code.reward].append(key)
        self.partial_uses += wanted < whole
        return TAKEN

    def _used(self, reward: str) -> int:
        return sum(map(self._kept, self._orders_of[reward]))

    def _kept(self, key: OrderKey) -> int:
        """What stays used for an order; a code that is used as a whole comes back with all of the order."""
        use = self._uses[key]
        share = returned_share(use.order.amount, use.order.currency.upper(), self._changes[key])
        if use.code.value is None:
            return int(share < 1)
        return use.amount - round(use.amount * share)


def coded_orders(facts: Iterable[Fact], codes: Iterable[WalletCode]) -> ExpectedCodeUses:
    """The orders of these events, each once, in the order in which they were accepted."""
    found = ExpectedCodeUses({one.code.upper(): one for one in codes})
    for fact in facts:
        found.add(fact)
    return found


def _minor(amount: Decimal, order: Order) -> int:
    return minor_amount(amount, order.currency.upper())
