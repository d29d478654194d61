"""Rewards are found by the orders that they were earned with, used for or held for."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reward_dispatcher.domain.account import Use, new_account
from reward_dispatcher.folds import state_keys
from tests.support.builders.participants import PROGRAM
from tests.support.builders.reward_dispatcher import grant

orders = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1, max_size=64)


@given(st.lists(orders, max_size=4), orders, orders)
def test_an_order_leads_to_its_rewards_alone(used: list[str], earned: str, other: str) -> None:
    """Whatever characters an id of a shop has: the range of one order has no member of another one."""
    account = replace(
        new_account(grant("rwd_1")),
        trigger=f"order:cnv_1:{earned}",
        uses=tuple(Use(f"rdm_{number}", order, 1, 0) for number, order in enumerate(used)),
    )
    members = {entry.member for entry in state_keys.order_entries(account)}
    assert {state_keys.reward_in_order(member) for member in members} == {"rwd_1"}
    for order in {*used, earned, other}:
        first, last = (bound[1:].encode() for bound in state_keys.order_range(PROGRAM, order))
        found = [member for member in members if first <= member.encode() < last]
        assert len(found) == (order in {*used, earned})


def test_a_reward_of_no_order_has_no_entry() -> None:
    """Its trigger is a conversion."""
    assert state_keys.order_entries(new_account(grant("rwd_1"))) == set()
