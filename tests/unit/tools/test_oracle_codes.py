"""What the oracle expects of orders with the code of a reward is what the ledger decides, for any payments and changes."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.events.facts import (
    Fact,
    Order,
    OrderCancelled,
    OrderName,
    OrderPaid,
    OrderRefunded,
    OrderReinstated,
    Refund,
)
from referral.events.money import Value
from referral.events.rewards import reward_key
from referral.topics import partition_of
from referral_tools.oracle import TAKEN, CodeOutcome, WalletCode
from referral_tools.oracle.expected_codes import ExpectedCodeUses, coded_orders
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import used
from reward_dispatcher.domain.order_uses import CodedOrder
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State
from tests.support.builders.conversion_tracker import CODE_CIPHER, FRIEND
from tests.support.builders.participants import PROGRAM, day, person_id
from tests.support.builders.reward_dispatcher import FIRST20, redemption_request
from tests.support.examples import examples
from tests.support.folds import PARTITIONS
from tests.support.scenarios.friend_with_code import THIRTY, chain_with, code_of, reward_of
from tests.support.scenarios.reward_chain import RewardChain

BUYER = person_id("xhs:buyer")
PAID = Decimal("99.90")


CODES = [
    WalletCode(code_of(FIRST20), reward_of(FIRST20), "first20", FRIEND),
    WalletCode(code_of(THIRTY), reward_of(THIRTY), "thirty", FRIEND, Value(3000, "CNY")),
]


@dataclass
class Shop:
    """Reports to the folds and to the oracle, one event after the other; each is folded before the next."""

    chain: RewardChain = field(default_factory=lambda: chain_with(FIRST20, THIRTY))
    accepted: list[Fact] = field(default_factory=list)

    def report(self, fact: Fact) -> "Shop":
        """Reports an event; returns itself."""
        self.accepted.append(fact)
        self.chain.append(_sealed(fact)).drain()
        return self

    def check_out(self, order: str, hold_hours: int | None) -> "Shop":
        """Uses or holds the friend's welcome code for an order, by a request; returns itself."""
        request = redemption_request(
            f"rdm_{order}",
            order=order,
            reward=reward_of(FIRST20),
            beneficiary=FRIEND,
            hold_hours=hold_hours,
            at=day(5),
        )
        self.chain.folds["ledger"].append([(reward_key(request), request)])
        self.chain.drain()
        return self

    def pay(self, order: str, code: str, *, part: str | None = None, currency: str = "CNY") -> "Shop":
        """The buyer pays an order of 99.90 with a code; returns itself."""
        amount = None if part is None else Decimal(part)
        data = Order(order=order, amount=PAID, currency=currency, reward_code=code, reward_amount=amount)
        return self.report(OrderPaid(**self._about(2), data=data))

    def change(self, order: str, change: str, hour: int) -> "Shop":
        """Something happens to an order in an hour: a cancellation, a reinstatement, or a refund of an amount; returns itself."""
        about = self._about(3) | {"occurred_at": day(3) + timedelta(hours=hour, seconds=len(self.accepted))}
        match change:
            case "cancelled":
                return self.report(OrderCancelled(**about, data=OrderName(order=order)))  # type: ignore[arg-type]
            case "reinstated":
                return self.report(OrderReinstated(**about, data=OrderName(order=order)))  # type: ignore[arg-type]
            case amount:
                data = Refund(order=order, amount=Decimal(amount) if amount else None)
                return self.report(OrderRefunded(**about, data=data))  # type: ignore[arg-type]

    def has(self, order: str) -> bool:
        """Whether the order was paid."""
        return order in self._orders()

    def expected(self) -> ExpectedCodeUses:
        """What the oracle expects."""
        return coded_orders(self.accepted, CODES)

    def outcomes(self) -> dict[tuple[str, str], CodeOutcome]:
        """What the ledger has decided about each order."""
        states = {order: self._state(state_keys.order(PROGRAM, BUYER, order), BUYER) for order in self._orders()}
        return {
            (BUYER, order): CodeOutcome(state.outcome or "none", state.reason)
            for order, state in states.items()
            if isinstance(state, CodedOrder)
        }

    def used(self) -> dict[str, int]:
        """What stays used of each reward by the ledger."""
        accounts = (self._state(state_keys.account(code.reward), FRIEND) for code in CODES)
        return {one.id: used(one) for one in accounts if isinstance(one, Account) and used(one)}

    def _orders(self) -> set[str]:
        return {fact.data.order for fact in self.accepted if isinstance(fact, OrderPaid)}

    def _state(self, key: str, person: str) -> State | None:
        raw = self.chain.folds["ledger"].value(partition_of(f"{PROGRAM}|{person}", PARTITIONS), key)
        return msgspec.msgpack.decode(raw, type=State) if raw else None

    def _about(self, number: int) -> dict[str, object]:
        return {
            "id": f"evt_{100 + len(self.accepted)}",
            "program": PROGRAM,
            "person": BUYER,
            "occurred_at": day(number),
        }


def _sealed(fact: Fact) -> Fact:
    """The event as ingest writes it."""
    if not isinstance(fact, OrderPaid) or fact.data.reward_code is None:
        return fact
    sealed = CODE_CIPHER.seal_for_order(PROGRAM, fact.data.order, fact.data.reward_code)
    return replace(fact, data=replace(fact.data, reward_code=None, sealed_reward_code=sealed))


ORDERS = st.sampled_from(["o1", "o2", "o3"])
PAYMENTS = st.tuples(
    st.just("pay"),
    ORDERS,
    st.sampled_from([*(one.code for one in CODES), "SPRING24"]),
    st.sampled_from([None, "12.34", "30"]),
    st.sampled_from(["CNY", "CNY", "EUR"]),
    st.sampled_from(["none", "used", "held"]),
)
CHANGES = st.tuples(
    st.just("change"),
    ORDERS,
    st.sampled_from(["cancelled", "reinstated", "", "33.30", "49.95"]),
    st.integers(0, 6),
)


@settings(max_examples=examples(150))
@given(st.lists(PAYMENTS | CHANGES, max_size=9))
def test_the_oracle_expects_what_the_ledger_decides(steps: list[tuple[object, ...]]) -> None:
    """Which codes are taken, why the others are not, and what stays used, whatever happens to the orders before and after."""
    shop = Shop()
    for step in steps:
        match step:
            case ("pay", str(order), str(code), part, str(currency), checkout):
                if checkout != "none" and code == code_of(FIRST20) and not shop.has(order):
                    shop.check_out(order, 12 if checkout == "held" else None)
                shop.pay(order, code, part=part, currency=currency)  # type: ignore[arg-type]
            case ("change", str(order), str(change), int(hour)):
                shop.change(order, change, hour)
    expected = shop.expected()
    assert shop.outcomes() == expected.outcomes
    assert shop.used() == {code.reward: amount for code, amount in expected.used().items()}


def test_a_code_is_free_again_after_a_cancellation_and_not_after_a_refund_of_a_part() -> None:
    """By hand: the second order is refused, the third gets the code."""
    code = code_of(FIRST20)
    shop = Shop().pay("o1", code).change("o1", "33.30", 1).pay("o2", code)
    shop.change("o1", "cancelled", 2).pay("o3", code)
    refused = CodeOutcome("refused", "already_redeemed")
    assert shop.expected().outcomes == {(BUYER, "o1"): TAKEN, (BUYER, "o2"): refused, (BUYER, "o3"): TAKEN}
    assert shop.expected().orders_of(CODES[0]) == {"o3"}


def test_parts_of_a_fixed_amount_are_used_and_come_back_in_proportion() -> None:
    """20.00 of 30.00, a third of which comes back; 17.00 are left, so 18.00 are too much, and all that is left is taken."""
    code = f" {code_of(THIRTY).lower()} "
    shop = Shop().pay("o1", code, part="20").change("o1", "33.30", 1)
    shop.pay("o2", code, part="18").pay("o3", code)
    expected = shop.expected()
    assert expected.outcomes[BUYER, "o2"] == CodeOutcome("refused", "insufficient")
    assert expected.used() == {CODES[1]: 1333 + 1667}
    assert expected.partial_uses == 2
