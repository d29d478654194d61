"""What a reward is charged follows its life: used, revoked, given back, taken again, restored by an operator, expired."""

from msgspec.structs import replace

from referral.events.money import Value
from referral.events.redemptions import RedemptionChange
from referral.events.rewards import RewardAdjusted
from tests.support.builders.participants import PROGRAM
from tests.support.builders.reward_dispatcher import (
    grant,
    redemption_change,
    redemption_request,
    revocation,
)
from tests.support.scenarios.budgeted_campaign import BudgetedCampaign


def _used_campaign(seed: int) -> tuple[BudgetedCampaign, str, str]:
    """A budget of ¥10, and a reward of ¥6 that was used as a whole."""
    campaign = BudgetedCampaign(seed, total=10)
    reward = campaign.grant(600)
    campaign.drain()
    owner = campaign.owed[reward].beneficiary
    campaign.append(redemption_request("rdm_1", reward, beneficiary=owner, at=campaign.now))
    campaign.drain()
    return campaign, reward, owner


def _change(campaign: BudgetedCampaign, change: RedemptionChange, reward: str, owner: str) -> None:
    """The shop changes the use, and all that follows is folded."""
    request = f"rdc_{change}_{campaign.next_number()}"
    line = redemption_change(change, "rdm_1", (reward,), request, at=campaign.now)
    campaign.append(replace(line, beneficiary=owner))
    campaign.drain()
    campaign.check_charges()


def _charged(campaign: BudgetedCampaign) -> int:
    """What the budget has lent, but for tranches."""
    return campaign.budget().lent - campaign.unspent()


def test_a_use_that_is_given_back_after_the_revocation_gives_its_cost_back() -> None:
    """It stays spent while the reward is used, and pays for the next that waits afterwards."""
    campaign, reward, owner = _used_campaign(17)
    campaign.revoke(reward)
    other = campaign.grant(700)
    campaign.drain()
    assert (_charged(campaign), campaign.stopped()) == (600, [other])
    _change(campaign, "reverse", reward, owner)
    assert (_charged(campaign), campaign.stopped()) == (700, [])
    _change(campaign, "reinstate", reward, owner)
    assert (_charged(campaign), campaign.budget().waiting) == (700, 1), "the used ¥6 wait for ¥3"
    _change(campaign, "reverse", reward, owner)
    assert (_charged(campaign), campaign.budget().waiting) == (700, 0)
    campaign.check_refold()


def test_an_order_that_is_reinstated_after_the_revocation_is_charged_again() -> None:
    """As soon as the budget has enough; once each, however often the order changes."""
    campaign, reward, owner = _used_campaign(18)
    _change(campaign, "reverse", reward, owner)
    campaign.revoke(reward)
    campaign.drain()
    assert _charged(campaign) == 0
    for _ in range(3):
        _change(campaign, "reinstate", reward, owner)
        assert _charged(campaign) == 600
        _change(campaign, "reverse", reward, owner)
        assert _charged(campaign) == 0
    campaign.check_refold()


def test_a_used_reward_that_is_owed_again_waits_for_its_budget_and_is_then_used_up() -> None:
    """Its ¥6 went to another one meanwhile: nothing of it can be used before they are charged, also if its order is cancelled."""
    campaign, reward, owner = _used_campaign(19)
    granted = campaign.owed[reward]
    _change(campaign, "reverse", reward, owner)
    campaign.revoke(reward)
    campaign.drain()
    campaign.grant(700)
    campaign.drain()
    _change(campaign, "reinstate", reward, owner)
    campaign.restore(granted)
    campaign.drain()
    campaign.check_charges()
    assert campaign.stopped() == [reward]
    _change(campaign, "reverse", reward, owner)
    assert campaign.stopped() == [reward]
    _change(campaign, "reinstate", reward, owner)
    campaign.apply_version(13)
    campaign.tick()
    campaign.drain()
    campaign.check_charges()
    assert (campaign.accounts()[reward].status, campaign.accounts()[reward].order) == ("redeemed", "order-1")
    assert _charged(campaign) == 1_300
    campaign.check_refold()


def test_an_operator_who_waives_a_clawback_does_not_pass_the_budget() -> None:
    """The used reward waits for its cost, and is used up once it is charged."""
    campaign, reward, owner = _used_campaign(20)
    _change(campaign, "reverse", reward, owner)
    campaign.append(revocation(reward, at=campaign.now, beneficiary=owner))
    campaign.grant(700)
    campaign.drain()
    _change(campaign, "reinstate", reward, owner)
    campaign.act("restore", reward)
    campaign.check_charges()
    assert (campaign.stopped(), campaign.accounts()[reward].clawback) == ([reward], False)
    campaign.apply_version(13)
    campaign.tick()
    campaign.drain()
    assert (campaign.accounts()[reward].status, _charged(campaign)) == ("redeemed", 1_300)


def test_a_partly_used_reward_that_is_owed_again_keeps_its_charge() -> None:
    """Its revocation gave nothing back, so it does not wait behind others for what it has."""
    campaign = BudgetedCampaign(21, total=10)
    reward = campaign.grant(600)
    campaign.drain()
    granted = campaign.owed[reward]
    campaign.append(
        redemption_request("rdm_1", reward, beneficiary=granted.beneficiary, at=campaign.now, amount=100, unit="CNY")
    )
    campaign.revoke(reward)
    waiting = campaign.grant(700)
    campaign.drain()
    campaign.restore(granted)
    campaign.drain()
    assert (campaign.stopped(), campaign.accounts()[reward].status) == ([waiting], "fulfilled")
    campaign.check_at_rest()


def test_a_higher_cost_that_waits_is_withdrawn_when_the_reward_expires() -> None:
    """It would only keep others waiting."""
    campaign = BudgetedCampaign(22, total=10)
    line = replace(grant("rwd_soon", at=campaign.now, expires_days=1), value=Value(400, "CNY"), cost=Value(400, "CNY"))
    campaign.owed[line.id] = line = replace(line, budgets=("total",))
    campaign.append(line)
    campaign.drain()
    campaign.grant(500)
    campaign.drain()
    campaign.adjust(line.id, 800)
    campaign.drain()
    assert campaign.waiting_increases() == 1
    campaign.tick(2 * 86_400)
    campaign.drain()
    assert campaign.accounts()[line.id].status == "expired"
    assert (campaign.waiting_increases(), campaign.budget().waiting) == (0, 0)
    campaign.check_charges()
    campaign.check_refold()


def test_a_cost_in_another_currency_changes_nothing() -> None:
    """Its number alone would be charged to a budget that it is not of: the reward stays worth what is paid."""
    campaign = BudgetedCampaign(23, total=10)
    reward = campaign.grant(400)
    campaign.drain()
    for amount in (300, 900):
        value = Value(amount, "EUR")
        campaign.append(
            RewardAdjusted(
                occurred_at=campaign.now,
                program=PROGRAM,
                id=reward,
                beneficiary=campaign.owed[reward].beneficiary,
                value=value,
                cost=value,
            )
        )
        campaign.drain()
        assert (campaign.accounts()[reward].value, _charged(campaign)) == (Value(400, "CNY"), 400)
    campaign.check_at_rest()


def test_an_operator_who_waives_a_clawback_that_is_charged_changes_no_budget() -> None:
    """The cost was never handed back, so it is not charged a second time."""
    campaign, reward, owner = _used_campaign(24)
    campaign.append(revocation(reward, at=campaign.now, beneficiary=owner))
    campaign.drain()
    campaign.act("restore", reward)
    assert (campaign.accounts()[reward].status, _charged(campaign)) == ("redeemed", 600)
    campaign.check_charges()


def test_a_used_reward_that_is_owed_again_at_once_is_charged_once() -> None:
    """The new grant is read before the line that reviews its charge."""
    campaign, reward, owner = _used_campaign(25)
    granted = campaign.owed[reward]
    _change(campaign, "reverse", reward, owner)
    campaign.revoke(reward)
    campaign.drain()
    again = redemption_change("reinstate", "rdm_1", (reward,), "rdc_again", at=campaign.now)
    campaign.append(replace(again, beneficiary=owner))
    campaign.restore(granted)
    campaign.drain()
    assert (campaign.accounts()[reward].status, campaign.accounts()[reward].clawback) == ("redeemed", False)
    assert _charged(campaign) == 600
    campaign.check_charges()
    campaign.check_refold()


def test_a_used_reward_that_is_owed_again_at_a_higher_cost_is_charged_the_difference() -> None:
    """And is worth more."""
    campaign, reward, owner = _used_campaign(26)
    granted = campaign.owed[reward]
    campaign.append(revocation(reward, at=campaign.now, beneficiary=owner))
    campaign.restore(replace(granted, value=Value(800, "CNY"), cost=Value(800, "CNY")))
    campaign.drain()
    assert (_worth(campaign, reward), _charged(campaign)) == (800, 800)


def test_the_cost_of_an_expired_reward_does_not_change() -> None:
    """It stays spent."""
    campaign = BudgetedCampaign(27, total=10)
    line = replace(grant("rwd_soon", at=campaign.now, expires_days=1), value=Value(400, "CNY"), cost=Value(400, "CNY"))
    campaign.owed[line.id] = line = replace(line, budgets=("total",))
    campaign.append(line)
    campaign.drain()
    campaign.tick(2 * 86_400)
    campaign.drain()
    for cost in (100, 900):
        campaign.adjust(line.id, cost)
        campaign.drain()
        assert (campaign.accounts()[line.id].status, _charged(campaign)) == ("expired", 400)


def _worth(campaign: BudgetedCampaign, reward: str) -> int | None:
    value = campaign.accounts()[reward].value
    return value.amount if value else None


def _use(campaign: BudgetedCampaign, reward: str, request: str, amount: int) -> None:
    """A part of a reward is used, and all that follows is folded."""
    owner = campaign.owed[reward].beneficiary
    line = redemption_request(request, reward, beneficiary=owner, at=campaign.now, amount=amount, order=request)
    campaign.append(line)
    campaign.drain()


def test_an_operator_who_revokes_a_used_reward_withdraws_the_higher_cost_that_waits() -> None:
    """It would be charged for a reward that is not owed, and keep others waiting."""
    campaign, reward, _ = _used_campaign(28)
    waiting = campaign.grant(300)
    campaign.drain()
    campaign.adjust(reward, 900)
    campaign.drain()
    assert (campaign.waiting_increases(), campaign.stopped()) == (1, [])
    campaign.act("revoke", reward)
    assert (campaign.waiting_increases(), campaign.budget().waiting) == (0, 0)
    campaign.revoke(waiting)
    campaign.drain()
    assert (_worth(campaign, reward), _charged(campaign)) == (600, 600)
    campaign.check_charges()
    campaign.check_refold()


def test_a_higher_cost_of_a_reward_that_was_revoked_after_its_use_is_not_charged() -> None:
    """The reward is not owed; once it is owed again, its cost then is charged."""
    campaign, reward, _ = _used_campaign(31)
    granted = campaign.owed[reward]
    campaign.act("revoke", reward)
    for cost, worth in ((900, 600), (500, 500)):
        campaign.adjust(reward, cost)
        campaign.drain()
        assert (_worth(campaign, reward), _charged(campaign), campaign.budget().waiting) == (worth, 600, 0)
        campaign.check_charges()
    campaign.act("restore", reward)
    campaign.restore(replace(granted, value=Value(800, "CNY"), cost=Value(800, "CNY")))
    campaign.adjust(reward, 700)
    campaign.drain()
    assert (_worth(campaign, reward), _charged(campaign)) == (700, 700)
    campaign.check_refold()


def test_a_reward_that_an_operator_holds_stays_held_when_its_clawback_is_waived_and_it_waits_for_its_cost() -> None:
    """Neither the waiver nor the budget ends the hold; its release does, and what is left can be used."""
    campaign = BudgetedCampaign(29, total=10)
    reward = campaign.grant(600)
    campaign.drain()
    owner = campaign.owed[reward].beneficiary
    _use(campaign, reward, "rdm_1", 200)
    campaign.act("hold", reward)
    campaign.append(revocation(reward, at=campaign.now, beneficiary=owner))
    campaign.drain()
    _change(campaign, "reverse", reward, owner)
    campaign.grant(700)
    campaign.drain()
    _change(campaign, "reinstate", reward, owner)
    campaign.act("restore", reward)
    assert (campaign.accounts()[reward].status, campaign.accounts()[reward].hold_reason) == ("held", "operator")
    campaign.apply_version(13)
    campaign.tick()
    campaign.drain()
    assert campaign.accounts()[reward].hold_reason == "operator"
    campaign.act("release", reward)
    assert (campaign.accounts()[reward].status, _charged(campaign)) == ("fulfilled", 1_300)
    campaign.check_charges()
    campaign.check_refold()


def test_a_held_reward_that_orders_have_used_up_meanwhile_is_used_up_at_its_release() -> None:
    """An order that is reinstated during the hold takes its use again, so nothing is left to use."""
    campaign = BudgetedCampaign(30, total=10)
    reward = campaign.grant(600)
    campaign.drain()
    owner = campaign.owed[reward].beneficiary
    _use(campaign, reward, "rdm_1", 400)
    _change(campaign, "reverse", reward, owner)
    _use(campaign, reward, "rdm_2", 300)
    campaign.act("hold", reward)
    _change(campaign, "reinstate", reward, owner)
    campaign.act("release", reward)
    assert campaign.accounts()[reward].status == "redeemed"
    campaign.check_charges()
