"""Redemption: a reward is used once."""

import pytest
from msgspec.structs import replace

from referral.events.rewards import RedemptionRefused, RewardRedeemed
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account, Status, new_account
from reward_dispatcher.domain.redemption import redeem
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import grant, redemption_request


def fulfilled_account() -> Account:
    """Returns the account of a code that can be used for thirty days."""
    transition = account_transitions.apply_grant(None, grant(expires_days=30), str)
    assert transition is not None
    return transition.account


def test_the_first_request_wins_and_names_the_order() -> None:
    """The reward is used for that order; the output line contains it."""
    decided = redeem(fulfilled_account(), redemption_request("rdm_1", order="A"))
    assert decided.account is not None
    assert (decided.account.status, decided.account.order) == ("redeemed", "A")
    assert isinstance(decided.line, RewardRedeemed)


def test_a_second_request_learns_which_order_the_reward_was_used_for() -> None:
    """So that support can tell the customer."""
    used = redeem(fulfilled_account(), redemption_request("rdm_1", order="A")).account
    decided = redeem(used, redemption_request("rdm_2", order="B"))
    assert decided.account is None
    assert (decided.redemption.outcome, decided.redemption.used_for) == ("already_redeemed", "A")
    assert isinstance(decided.line, RedemptionRefused)


def test_the_winning_request_succeeds_again_when_repeated() -> None:
    """Even if its result was removed: the account contains the request."""
    used = redeem(fulfilled_account(), redemption_request("rdm_1", order="A")).account
    again = redeem(used, redemption_request("rdm_1", order="A"))
    assert (again.redemption.outcome, again.line) == ("redeemed", None)


def test_an_expired_reward_is_refused_before_the_next_tick() -> None:
    """Expiry depends on the time of the request, not on the clock's ticks."""
    assert redeem(fulfilled_account(), redemption_request("rdm_1", at=day(30))).redemption.outcome == "expired"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("held", "not_redeemable"), ("approved", "not_redeemable"), ("revoked", "revoked"), ("expired", "expired")],
)
def test_only_a_fulfilled_reward_can_be_used(status: Status, reason: str) -> None:
    """Each other status is refused with its own reason."""
    account = replace(new_account(grant()), status=status)
    assert redeem(account, redemption_request("rdm_1")).redemption.outcome == reason


def test_an_unknown_reward_is_refused() -> None:
    """A request for a reward that was never granted gets a result, too."""
    assert redeem(None, redemption_request("rdm_1")).redemption.outcome == "unknown"
