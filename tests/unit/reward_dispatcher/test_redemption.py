"""Redemption: a reward is used once."""

import pytest
from msgspec.structs import replace

from referral.events.line import ClockTicked
from referral.events.redemptions import RedemptionRefused, RewardRedeemed
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account, Status, new_account
from reward_dispatcher.domain.redemption import redeem
from reward_dispatcher.folds import state_keys
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import grant, redemption_request
from tests.support.systems.ledger import LedgerFeed


def fulfilled_account() -> Account:
    """Returns the account of a code that can be used for thirty days."""
    transition = account_transitions.apply_grant(None, grant(expires_days=30), lambda _, reward, _form: reward)
    assert transition is not None
    return transition.account


def test_the_first_request_wins_and_names_the_order() -> None:
    """The reward is used for that order; the output line contains it."""
    decided = redeem([fulfilled_account()], redemption_request("rdm_1", order="A"))
    [account] = decided.accounts
    assert (account.status, account.order) == ("redeemed", "A")
    assert [type(line) for line in decided.lines] == [RewardRedeemed]


def test_a_second_request_learns_which_order_the_reward_was_used_for() -> None:
    """So that support can tell the customer."""
    [used] = redeem([fulfilled_account()], redemption_request("rdm_1", order="A")).accounts
    decided = redeem([used], redemption_request("rdm_2", order="B"))
    assert decided.accounts == ()
    assert (decided.redemption.outcome, decided.redemption.used_for) == ("already_redeemed", "A")
    assert [type(line) for line in decided.lines] == [RedemptionRefused]


def test_the_winning_request_has_its_result_however_late_it_is_repeated() -> None:
    """The result of a use stays; that of a refusal is removed after two days."""
    ledger = LedgerFeed([grant(), redemption_request("rdm_1"), redemption_request("rdm_2")])
    ledger.write(ClockTicked(occurred_at=day(10), id="tick_1"))
    assert ledger.write(redemption_request("rdm_1", at=day(10))) == []
    assert ledger.feed.state(state_keys.result("rdm_1")).outcome == "redeemed"
    assert ledger.feed.state(state_keys.result("rdm_2")) is None


def test_an_expired_reward_is_refused_before_the_next_tick() -> None:
    """Expiry depends on the time of the request, not on the clock's ticks."""
    assert redeem([fulfilled_account()], redemption_request("rdm_1", at=day(30))).redemption.outcome == "expired"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("held", "not_redeemable"), ("approved", "not_redeemable"), ("revoked", "revoked"), ("expired", "expired")],
)
def test_only_a_fulfilled_reward_can_be_used(status: Status, reason: str) -> None:
    """Each other status is refused with its own reason."""
    account = replace(new_account(grant()), status=status)
    assert redeem([account], redemption_request("rdm_1")).redemption.outcome == reason


def test_an_unknown_reward_is_refused() -> None:
    """A request for a reward that was never granted gets a result, too."""
    assert redeem([], redemption_request("rdm_1")).redemption.outcome == "unknown"
