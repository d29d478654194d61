"""Orders that are reported with the code of a reward: it is used once, and what happens to the order later applies to its use."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client import REGISTRY

from referral.entitlement.orders import MAX_REFUNDS
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
from referral.events.order_codes import OrderCodeSought, OrderReported
from referral.events.redemptions import RedemptionChangeRequested, RewardRedeemed
from referral.events.reward_rules import Reward
from referral.events.rewards import reward_key
from referral.topics import partition_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import used
from reward_dispatcher.domain.order_uses import MAX_ATTEMPTS, CodedOrder, report
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State
from tests.support.builders.conversion_tracker import CODE_CIPHER, FRIEND, program_version
from tests.support.builders.participants import PROGRAM, day, person_id
from tests.support.builders.reward_dispatcher import FIRST20, redemption_request, reward_action
from tests.support.examples import examples
from tests.support.folds import PARTITIONS
from tests.support.scenarios.friend_with_code import THIRTY, chain_with, code_of, reward_of
from tests.support.scenarios.reward_chain import RewardChain

BUYERS = [person_id(f"xhs:buyer{number}") for number in range(6)]
"""People on all partitions, none of whom has a reward."""


def paid(
    event: str, order: str, code: str, *, person: str = FRIEND, currency: str = "CNY", used: int | None = None
) -> OrderPaid:
    """Returns a payment of 100 with a code."""
    sealed = CODE_CIPHER.seal_for_order(PROGRAM, order, code)
    data = Order(
        order=order,
        amount=Decimal(100),
        currency=currency,
        reward_amount=Decimal(used) if used else None,
        sealed_reward_code=sealed,
    )
    return OrderPaid(id=event, program=PROGRAM, person=person, occurred_at=day(2), data=data)


def refunded(event: str, order: str, amount: int | None, at: datetime, person: str = FRIEND) -> OrderRefunded:
    """Returns a refund of an order."""
    data = Refund(order=order, amount=Decimal(amount) if amount else None)
    return OrderRefunded(id=event, program=PROGRAM, person=person, occurred_at=at, data=data)


def cancelled(event: str, order: str, at: datetime, person: str = FRIEND) -> OrderCancelled:
    """Returns a cancellation of an order."""
    return OrderCancelled(id=event, program=PROGRAM, person=person, occurred_at=at, data=OrderName(order=order))


def reinstated(event: str, order: str, at: datetime, person: str = FRIEND) -> OrderReinstated:
    """Returns a reinstatement of an order."""
    return OrderReinstated(id=event, program=PROGRAM, person=person, occurred_at=at, data=OrderName(order=order))


def state_of(chain: RewardChain, key: str, partition_key: str) -> State | None:
    """Returns a state of the ledger."""
    raw = chain.folds["ledger"].value(partition_of(partition_key, PARTITIONS), key)
    return msgspec.msgpack.decode(raw, type=State) if raw else None


def account(chain: RewardChain, rule: Reward = THIRTY) -> Account:
    """Returns the account of the friend's reward."""
    found = state_of(chain, state_keys.account(reward_of(rule)), f"{PROGRAM}|{FRIEND}")
    assert isinstance(found, Account)
    return found


def coded_order(chain: RewardChain, order: str, person: str = FRIEND, program: str = PROGRAM) -> CodedOrder:
    """Returns the order in the partition of its buyer."""
    found = state_of(chain, state_keys.order(program, person, order), f"{program}|{person}")
    assert isinstance(found, CodedOrder)
    return found


def rewards_lines(chain: RewardChain, kind: type) -> list[msgspec.Struct]:
    """Returns the lines of a type on `rewards`."""
    tag = msgspec.inspect.type_info(kind).tag  # type: ignore[attr-defined] # a struct has one
    raw = (line for line in chain.log.lines("rewards") if msgspec.json.decode(line)["type"] == tag)
    return [msgspec.json.decode(line, type=kind) for line in raw]


def test_an_order_with_a_code_uses_the_reward_once() -> None:
    """However often it is reported; the use names the order."""
    chain = chain_with(FIRST20)
    event = paid("evt_9", "o1", code_of(FIRST20))
    chain.append(event).drain().append(event, replace(event, id="evt_10")).drain()
    reward = account(chain, FIRST20)
    assert (reward.status, reward.order) == ("redeemed", "o1")
    assert len(rewards_lines(chain, RewardRedeemed)) == 1
    order = coded_order(chain, "o1")
    assert (order.outcome, order.reward, order.request) == ("taken", reward.id, reward.uses[0].request)


@pytest.mark.parametrize("buyer", BUYERS)
def test_anyone_may_use_the_code_wherever_the_reward_is(buyer: str) -> None:
    """The search goes through all partitions; the answer comes back to the buyer's."""
    chain = chain_with().append(paid("evt_9", "o1", code_of(), person=buyer, used=12)).drain()
    assert used(account(chain)) == 1200
    assert coded_order(chain, "o1", buyer).beneficiary == FRIEND


def test_the_people_of_these_tests_are_on_all_partitions() -> None:
    """Otherwise the search would not be tested."""
    assert {partition_of(f"{PROGRAM}|{buyer}", PARTITIONS) for buyer in BUYERS} == set(range(PARTITIONS))


@pytest.mark.parametrize("buyer", [FRIEND, *BUYERS])
def test_a_code_that_no_one_has_is_unknown_after_one_look_at_each_partition(buyer: str) -> None:
    """The search ends where it began."""
    chain = chain_with().append(paid("evt_9", "o1", "WRONG", person=buyer)).drain()
    order = coded_order(chain, "o1", buyer)
    assert (order.outcome, order.reason) == ("refused", "unknown")
    assert len(rewards_lines(chain, OrderCodeSought)) == PARTITIONS


def test_an_order_leads_to_its_buyer_while_it_is_known() -> None:
    """Support finds the buyer by the order though no reward was used for it; after 60 days neither is kept."""
    chain = chain_with().append(paid("evt_9", "o1", "WRONG")).drain()
    states, partition = chain.folds["ledger"].states, partition_of(f"{PROGRAM}|{FRIEND}", PARTITIONS)
    entry = state_keys.buyer_entry(PROGRAM, "o1", FRIEND)
    first, last = (bound[1:] for bound in state_keys.order_range(PROGRAM, "o1"))
    assert first <= entry.member < last
    assert state_keys.buyer_of(entry.member) == FRIEND
    assert states.scores[partition][entry] == 0
    chain.tick(70).drain()
    assert entry not in states.scores[partition]
    assert state_of(chain, state_keys.order(PROGRAM, FRIEND, "o1"), f"{PROGRAM}|{FRIEND}") is None


def test_a_refused_order_may_be_reported_again_with_another_code() -> None:
    """With a new event id, and a bounded number of times; a code that was taken stays."""
    chain = chain_with().append(paid("evt_9", "o1", "WRONG")).drain()
    chain.append(paid("evt_9", "o1", code_of())).drain()
    assert coded_order(chain, "o1").reason == "unknown"  # the same event again
    chain.append(paid("evt_10", "o1", code_of())).drain()
    assert (coded_order(chain, "o1").outcome, coded_order(chain, "o1").reason) == ("taken", None)
    chain.append(paid("evt_11", "o1", "WRONG")).drain()
    assert coded_order(chain, "o1").outcome == "taken"


def test_the_attempts_of_an_order_are_bounded() -> None:
    """Whoever tries codes one by one has eight for an order."""
    order = None
    for number in range(MAX_ATTEMPTS + 1):
        line = OrderReported(
            occurred_at=day(1),
            program=PROGRAM,
            person=FRIEND,
            order="o1",
            event=f"evt_{number}",
            change="paid",
            happened_at=day(1),
            amount=Decimal(1),
            unit="CNY",
            sealed_code="x",
        )
        order = replace(report(order, line), outcome="refused")
    assert order is not None
    assert len(order.payments) == MAX_ATTEMPTS


def test_each_refusal_has_its_reason() -> None:
    """Used, expired, not ready, another currency: the record of the order says so."""
    chain = chain_with(FIRST20)
    chain.append(paid("evt_9", "o1", code_of(FIRST20))).drain().append(paid("evt_10", "o2", code_of(FIRST20))).drain()
    second = coded_order(chain, "o2")
    assert (second.reason, second.used_for, second.reward) == ("already_redeemed", "o1", reward_of(FIRST20))

    chain = chain_with()
    chain.append(paid("evt_9", "o1", code_of(), currency="EUR"), paid("evt_10", "o2", code_of(), used=31)).drain()
    assert (coded_order(chain, "o1").reason, coded_order(chain, "o2").reason) == ("wrong_currency", "insufficient")
    assert used(account(chain)) == 0

    chain = chain_with(replace(FIRST20, expires_days=1)).tick(7)
    chain.drain().append(paid("evt_9", "o1", code_of(FIRST20))).drain()
    assert coded_order(chain, "o1").reason == "expired"


def test_a_code_that_the_shop_has_used_for_the_order_already_is_taken_by_that_use() -> None:
    """A shop may redeem at the checkout and report the order too."""
    chain = chain_with(FIRST20)
    request = redemption_request("rdm_shop", order="o1", reward=reward_of(FIRST20), beneficiary=FRIEND)
    chain.folds["ledger"].append([(reward_key(request), request)])
    chain.drain().append(paid("evt_9", "o1", code_of(FIRST20))).drain()
    assert (coded_order(chain, "o1").outcome, coded_order(chain, "o1").request) == ("taken", "rdm_shop")
    assert len(account(chain, FIRST20).uses) == 1


def test_a_hold_for_the_order_is_captured() -> None:
    """What the order did not need of it is free again."""
    chain = chain_with()
    request = redemption_request(
        "rdm_hold", order="o1", reward=reward_of(), beneficiary=FRIEND, hold_hours=12, at=day(5)
    )
    chain.folds["ledger"].append([(reward_key(request), request)])
    chain.drain().append(paid("evt_9", "o1", code_of(), used=20)).drain()
    assert used(account(chain)) == 2000
    assert [use.until_ms for use in account(chain).uses] == [None]


def hold_for_order(chain: RewardChain, rule: Reward = THIRTY) -> None:
    """The shop holds the friend's reward for the order o1, for twelve hours."""
    request = redemption_request(
        "rdm_hold", order="o1", reward=reward_of(rule), beneficiary=FRIEND, hold_hours=12, at=day(5)
    )
    chain.folds["ledger"].append([(reward_key(request), request)])
    chain.drain()


def test_a_code_that_an_operator_holds_is_refused_although_a_checkout_has_it() -> None:
    """Otherwise the order counts as paid with it, and once it is released the code is used by another order."""
    chain = chain_with(FIRST20)
    hold_for_order(chain, FIRST20)
    action = reward_action("hold", reward=reward_of(FIRST20), beneficiary=FRIEND, at=day(5))
    chain.folds["ledger"].append([(reward_key(action), action)])
    chain.drain().append(paid("evt_9", "o1", code_of(FIRST20))).drain()
    order = coded_order(chain, "o1")
    assert (order.outcome, order.reason) == ("refused", "not_redeemable")


def test_a_hold_that_ends_while_its_order_is_decided_is_captured_or_its_reward_used() -> None:
    """An order that counts as paid with a code has used it, whenever the clock ticks."""
    for turns in range(12):
        chain = chain_with(FIRST20)
        hold_for_order(chain, FIRST20)
        chain.append(paid("evt_9", "o1", code_of(FIRST20)))
        for fold in ("attribute", *["ledger"] * turns):
            chain.folds[fold].run_once()
        chain.tick(6).drain().drain()
        assert (coded_order(chain, "o1").outcome, used(account(chain, FIRST20))) == ("taken", 1), turns


def test_less_than_a_minor_unit_of_a_hold_is_not_all_of_it() -> None:
    """0.004 CNY are no amount of fen."""
    chain = chain_with()
    hold_for_order(chain)
    payment = paid("evt_9", "o1", code_of())
    chain.append(replace(payment, data=replace(payment.data, reward_amount=Decimal("0.004")))).drain()
    assert (coded_order(chain, "o1").reason, used(account(chain))) == ("insufficient", 0)


@pytest.mark.parametrize("parts", [[None], [5 * 10**14, 2 * 10**14, 2 * 10**14, 10**14 - 1]])
@pytest.mark.parametrize("rule", [THIRTY, FIRST20])
def test_refunds_of_the_largest_order_give_all_back(rule: Reward, parts: list[int | None]) -> None:
    """In minor units it is more than a line can hold: the ledger gets the same share in larger ones."""
    payment = paid("evt_9", "o1", code_of(rule))
    largest = replace(payment, data=replace(payment.data, amount=Decimal(10**15 - 1)))
    chain = chain_with(rule).append(largest).drain()
    chain.append(*(refunded(f"evt_r{number}", "o1", part, day(3)) for number, part in enumerate(parts))).drain()
    assert used(account(chain, rule)) == 0
    requests = rewards_lines(chain, RedemptionChangeRequested)
    assert len(requests) == len(parts)


def test_a_reinstatement_makes_a_refund_void_that_has_given_nothing_back() -> None:
    """Half of an order gives nothing of a percentage back; half of it after a reinstatement is half again, not all."""
    chain = chain_with(FIRST20).append(paid("evt_9", "o1", code_of(FIRST20))).drain()
    chain.append(refunded("evt_10", "o1", 50, day(3))).drain()
    chain.append(reinstated("evt_11", "o1", day(4))).drain()
    chain.append(refunded("evt_12", "o1", 50, day(5))).drain()
    assert used(account(chain, FIRST20)) == 1
    chain.append(refunded("evt_13", "o1", 50, day(6))).drain()
    assert used(account(chain, FIRST20)) == 0


def test_a_hold_is_not_captured_by_an_order_in_another_currency() -> None:
    """What was used of the reward is in the order's currency: 20.00 of it are not 20.00 of the reward's."""
    chain = chain_with()
    request = redemption_request(
        "rdm_hold", order="o1", reward=reward_of(), beneficiary=FRIEND, hold_hours=12, at=day(5)
    )
    chain.folds["ledger"].append([(reward_key(request), request)])
    chain.drain().append(paid("evt_9", "o1", code_of(), currency="EUR", used=20)).drain()
    assert coded_order(chain, "o1").reason == "wrong_currency"
    assert used(account(chain)) == 0


def test_a_program_without_codes_is_not_told_of_refunds() -> None:
    """The plain path writes nothing; a code for it is refused."""
    version = program_version()
    chain = RewardChain(version).append(refunded("evt_5", "o1", 10, day(3)), paid("evt_9", "o2", "CODE")).drain()
    assert [line.order for line in rewards_lines(chain, OrderReported)] == ["o2"]  # type: ignore[attr-defined]
    assert coded_order(chain, "o2").reason == "unknown"


def test_a_code_of_another_program_is_refused_and_says_whose_it_is() -> None:
    """Nothing is used of it, wherever the buyer is."""
    version = program_version()
    other = replace(version, program=replace(version.program, id="prg_other", rewards=(THIRTY,)))
    for buyer in (FRIEND, *BUYERS):
        chain = chain_with()
        chain.catalog.apply(other)
        event = paid("evt_9", "o1", code_of(), person=buyer)
        sealed = CODE_CIPHER.seal_for_order("prg_other", "o1", code_of())
        chain.append(replace(event, program="prg_other", data=replace(event.data, sealed_reward_code=sealed))).drain()
        order = coded_order(chain, "o1", buyer, "prg_other")
        assert (order.outcome, order.reason, order.other_program) == ("refused", "wrong_program", PROGRAM)
        assert account(chain).uses == ()


def test_orders_of_two_buyers_with_one_id_are_one_order() -> None:
    """Order ids are unique in a program: the code is used once for both, and refunds add up to the order at most."""
    chain = chain_with()
    for number, buyer in enumerate(BUYERS[:2]):
        chain.append(paid(f"evt_{number}", "o1", code_of(), person=buyer, used=10)).drain()
    first, second = (coded_order(chain, "o1", buyer) for buyer in BUYERS[:2])
    assert (first.outcome, second.outcome, first.request) == ("taken", "taken", second.request)
    assert used(account(chain)) == 1000
    for number, buyer in enumerate(BUYERS[:2]):
        chain.append(refunded(f"evt_r{number}", "o1", 70, day(3), buyer)).drain()
    assert used(account(chain)) == 0


def test_more_refunds_than_an_order_can_have_give_no_more_back_than_was_refunded() -> None:
    """One of all of it still does, and so does a cancellation."""
    chain = chain_with().append(paid("evt_9", "o1", code_of())).drain()
    parts = [refunded(f"evt_r{number}", "o1", 1, day(3)) for number in range(MAX_REFUNDS + 5)]
    chain.append(*parts[: MAX_REFUNDS - 1]).drain()
    kept = used(account(chain))
    assert kept == 30 * (100 - (MAX_REFUNDS - 1))
    before = _left_out()
    chain.append(*parts[MAX_REFUNDS - 1 :]).drain()
    assert (used(account(chain)), _left_out() - before) == (kept, 6)
    chain.append(refunded("evt_all", "o1", None, day(3))).drain()
    assert used(account(chain)) == 0


def _left_out() -> float:
    return REGISTRY.get_sample_value("referral_order_codes_total", {"outcome": "refund_left_out"}) or 0.0


def test_an_order_whose_code_was_not_taken_is_forgotten() -> None:
    """Refunds of orders without a code do not pile up; an order with a use stays."""
    chain = chain_with().append(refunded("evt_5", "o1", 10, day(3)), paid("evt_9", "o2", code_of())).drain()
    assert coded_order(chain, "o1").outcome is None
    chain.tick(80).drain()
    assert state_of(chain, state_keys.order(PROGRAM, FRIEND, "o1"), f"{PROGRAM}|{FRIEND}") is None
    assert coded_order(chain, "o2").outcome == "taken"


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["refunded", "refunded", "cancelled", "reinstated"]),
        st.integers(0, 6),
        st.sampled_from([None, 10, 25, 33, 60]),
    ),
    max_size=5,
)


def facts_of(changes: Sequence[tuple[str, int, int | None]], buyer: str) -> list[Fact]:
    """Returns the events of an order's later life."""
    found: list[Fact] = []
    for number, (change, hours, amount) in enumerate(changes):
        event, at = f"evt_{20 + number}", day(3) + timedelta(hours=hours)
        if change == "refunded":
            found.append(refunded(event, "o1", amount, at, buyer))
        else:
            found.append((cancelled if change == "cancelled" else reinstated)(event, "o1", at, buyer))
    return found


def kept_use(facts: Sequence[Fact]) -> int:
    """The model: how much of 30.00 stays used after these events about an order of 100.00, in fen."""
    moments = [(fact.occurred_at, fact.id) for fact in facts if isinstance(fact, OrderReinstated)]
    since = max(moments, default=(day(0), ""))
    later = [fact for fact in facts if (fact.occurred_at, fact.id) > since]
    if any(isinstance(fact, OrderCancelled) for fact in later):
        return 0
    refunds = [fact.data.amount or Decimal(100) for fact in later if isinstance(fact, OrderRefunded)]
    share = min(sum(refunds, Decimal(0)), Decimal(100)) / 100
    return 3000 - int(share * 3000)


@settings(max_examples=examples(150))
@given(st.data(), CHANGES, st.sampled_from([FRIEND, *BUYERS[:3]]))
def test_any_order_of_events_crashes_and_repetitions_ends_at_the_same_use(
    data: st.DataObject, changes: list[tuple[str, int, int | None]], buyer: str
) -> None:
    """Payments, refunds, cancellations and reinstatements in any order, each perhaps twice, with folds that die in between."""
    later = facts_of(changes, buyer)
    payment: Fact = paid("evt_9", "o1", code_of(), person=buyer)
    events = data.draw(st.permutations([payment, *later]))
    chain = chain_with()
    for event in events:
        chain.append(event)
        for step in data.draw(st.lists(st.integers(0, 6), max_size=4)):
            match step:
                case 5:
                    chain.repeat_last_records("rewards")
                case 6:
                    chain.folds["ledger"].restart_and_drain()
                case _:
                    chain.run_once(step)
        if data.draw(st.booleans()):
            chain.append(event)
    chain.drain().drain()
    assert used(account(chain)) == kept_use(later)
    assert coded_order(chain, "o1", buyer).outcome == "taken"
    assert not chain.folds["ledger"].rejected
