"""The rewards that the oracle expects are those that the decide fold leaves, for any rules and any history."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from msgspec.structs import replace

from referral.events.conversions import ConversionCleared, ConversionReversed
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
from referral.events.reward_rules import Caps, Reward
from referral_tools.oracle import ConversionStep, Enrolled, ExpectedReferral
from referral_tools.oracle.expected_orders import orders_by_person
from referral_tools.oracle.expected_rewards import NotComputable, RewardsOwed
from tests.support.builders.participants import AMY, PROGRAM, START, day, person_id
from tests.support.builders.reward_dispatcher import friend_conversion, reward_terms
from tests.support.builders.reward_steps import CAPS, CONVERSIONS, ORDER_CHANGES, REWARD_RULES, STEPS, STREAK_RULES
from tests.support.scenarios.decide_run import DecideRun, friend_channel, order_change_time

_OF_ORDERS = ("order", "refund", "refund at", "cancel", "reinstate")
REFERRER = Enrolled(AMY.id, "xhs:amy", "AMY88", None, START)


def recorded(run: DecideRun) -> list[ConversionStep]:
    """The order in which the conversions were cleared and reversed."""
    steps: list[ConversionStep] = []
    for line in run.inputs:
        if isinstance(line, ConversionCleared):
            steps.append(ConversionStep(line.id, line.referrer, line.occurred_at, line.evidence.channel))
        elif isinstance(line, ConversionReversed):
            steps.append(ConversionStep(line.id, line.referrer, None))
    return steps


def standing(run: DecideRun) -> dict[str, ExpectedReferral]:
    """The referrals of friends that stand at the end, by conversion."""
    cleared: dict[str, datetime] = {}
    for line in run.inputs:
        if isinstance(line, ConversionCleared):
            cleared.setdefault(line.id, line.occurred_at)
        elif isinstance(line, ConversionReversed):
            cleared.pop(line.id, None)
    return {
        id: ExpectedReferral(f"xhs:friend{friend}", START, REFERRER, cleared[id], START, friend_channel(friend))
        for friend in range(1, 7)
        if (id := friend_conversion(friend).id) in cleared
    }


def facts(steps: list[tuple[object, ...]]) -> list[Fact]:
    """The orders and refunds as a shop reports them; a refund sent again under its id is the same one."""
    orders: list[Fact] = []
    refunds: dict[str, Fact] = {}
    for number, step in enumerate(steps):
        match step:
            case ("order", int(friend), str(order), str(amount), datetime() as at):
                data = Order(order=f"{friend}{order}", amount=Decimal(amount), currency="cny")
                common = {"id": f"evt_{number}", "program": PROGRAM, "person": f"xhs:friend{friend}", "occurred_at": at}
                orders.append(OrderPaid(**common, data=data))  # type: ignore[arg-type] # a dict's values have one type
            case ("refund", int(friend), str(order), str(refund), amount):
                sent = Refund(order=f"{friend}{order}", amount=None if amount is None else Decimal(str(amount)))
                id = f"{friend}{order}{refund}"
                common = {"id": id, "program": PROGRAM, "person": f"xhs:friend{friend}", "occurred_at": START}
                refunds.setdefault(id, OrderRefunded(**common, data=sent))  # type: ignore[arg-type]
            case (("refund at" | "cancel" | "reinstate") as change, int(friend), str(order), int(hour)):
                orders.append(change_event(str(change), friend, f"{friend}{order}", hour))
    return [*orders, *refunds.values()]


def change_event(change: str, friend: int, order: str, hour: int) -> Fact:
    """A refund of 1.00, a cancellation or a reinstatement of an order, as a shop reports it."""
    at = order_change_time(change, hour)
    common = {"id": f"{order}{change[0]}{hour}", "program": PROGRAM, "person": f"xhs:friend{friend}", "occurred_at": at}
    match change:
        case "refund at":
            return OrderRefunded(**common, data=Refund(order=order, amount=Decimal(1)))  # type: ignore[arg-type]
        case "cancel":
            return OrderCancelled(**common, data=OrderName(order=order))  # type: ignore[arg-type]
        case _:
            return OrderReinstated(**common, data=OrderName(order=order))  # type: ignore[arg-type]


def of_friends(steps: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The same steps, with an order of each friend under an id of its own."""
    return [(*step[:2], f"{step[1]}{step[2]}", *step[3:]) if step[0] in _OF_ORDERS else step for step in steps]


@given(STEPS | CONVERSIONS | ORDER_CHANGES, REWARD_RULES | STREAK_RULES, CAPS)
def test_the_oracle_expects_what_the_decide_fold_leaves(
    steps: list[tuple[object, ...]], rules: list[Reward], caps: Caps
) -> None:
    """The same rewards by id with the same values: conversions, milestones, tiers, streaks, orders, conditions and caps."""
    terms = reward_terms(*rules, effective_from=day(-9))
    terms = replace(terms, program=replace(terms.program, caps=caps))
    run = DecideRun((terms,)).play(of_friends(steps))
    oracle = RewardsOwed(terms.program, person_id, orders_by_person(facts(steps)))
    owed = oracle.of(standing(run), recorded(run))
    assert {id: one.value for id, one in owed.items()} == run.values


TICKET = Reward(id="ticket", to="referrer", on="conversion.cleared", kind="giveaway_entry")


def test_a_referral_that_the_log_has_lost_or_doubled_shows() -> None:
    """Who stands is the oracle's own conclusion: what the log lacks is owed, and what it has beyond is not."""
    program = reward_terms(TICKET).program
    run = DecideRun((reward_terms(TICKET),)).clear(1).clear(2)
    oracle, both, order = RewardsOwed(program, person_id, {}), standing(run), recorded(run)
    assert len(oracle.of(both, order)) == 2
    assert oracle.of(both, order[:1]) == oracle.of(both, order)
    assert len(oracle.of({"cnv_1": both["cnv_1"]}, order)) == 1


def test_what_depends_on_the_order_is_computed_only_with_it() -> None:
    """A cap that stops a referral, streaks and tiers."""
    run = DecideRun((reward_terms(TICKET),)).clear(1, day(1)).clear(2, day(1))
    capped = replace(reward_terms(TICKET).program, caps=Caps(per_referrer={"day": 1}))
    streak = reward_terms(Reward(id="s", to="referrer", on="streak", streak=2, kind="shoutout")).program
    for program, rewards in ((capped, 1), (streak, 0)):
        oracle = RewardsOwed(program, person_id, {})
        with pytest.raises(NotComputable, match="depends on the order of the log"):
            oracle.of(standing(run))
        assert len(oracle.of(standing(run), recorded(run))) == rewards


def test_a_refund_takes_its_part_of_what_an_order_earned() -> None:
    """10% of 99.90 are 9.99; of 66.60 they are 6.66. A fixed 5.00 for it are 3.33."""
    share = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
    fixed = replace(share, id="fixed", percent=None, amount=Decimal(5))
    steps: list[tuple[object, ...]] = [
        ("order", 1, "o1", "99.90", day(1)),
        ("refund", 1, "o1", "r1", "33.30"),
    ]
    run = DecideRun((reward_terms(share, fixed),)).clear(1)
    oracle = RewardsOwed(reward_terms(share, fixed).program, person_id, orders_by_person(facts(steps)))
    values = {one.rule: one.value for one in oracle.of(standing(run)).values()}
    assert values == {"share": Value(666, "CNY"), "fixed": Value(333, "CNY")}
