"""Budgets on the real ledger in memory: never one unit over, nothing lost, and what was stopped is released oldest first."""

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from referral.events.budgets import BUDGET_LEVELS
from referral.events.money import Value
from reward_dispatcher.domain import tranche
from reward_dispatcher.domain.budget import BudgetAccount
from reward_dispatcher.domain.budget_decision import BudgetDecision
from reward_dispatcher.domain.tranche import ChargeStep
from reward_dispatcher.folds.charge_cases import ChargeCase
from tests.support.builders.reward_dispatcher import (
    budget_release,
    grant,
    redemption_request,
)
from tests.support.scenarios.budgeted_campaign import RULE, BudgetedCampaign

MOST = (60, 400, 900, 60_000)  # fen that a reward costs at most; the last is more than a whole budget


@pytest.mark.parametrize("seed", range(30))
def test_a_budget_is_never_exceeded_by_one_unit_and_a_top_up_releases_all(seed: int) -> None:
    """Eight partitions, changed costs, crashes, wipes and repeated lines; two budgets in half of the seeds."""
    both = seed % 2 == 1
    campaign = BudgetedCampaign(seed, total=400 + seed, of_rule=250 if both else None)
    most = MOST[seed // 2 % len(MOST)]
    campaign.play(80, most=most, budgets=(("total",), ("total", RULE)) if both else (("total",),))
    campaign.drain()
    campaign.check_at_rest()
    campaign.apply_version(100_000, 100_000 if both else None)
    campaign.tick()
    campaign.tick()
    campaign.drain()
    campaign.check_at_rest()
    assert not campaign.stopped()
    assert campaign.spent() == sum(line.cost.amount for line in campaign.owed.values())
    assert {id: campaign.accounts()[id].value for id in campaign.owed} == {
        id: line.value for id, line in campaign.owed.items()
    }
    campaign.check_refold()


@pytest.mark.parametrize(
    ("kind", "attribute", "mutant"),
    [
        (BudgetAccount, "left", property(lambda account: account.limit - account.lent + 1)),
        (BudgetDecision, "_receive", lambda decision, line: True),
        (BudgetDecision, "_take_back", lambda decision, partition, amount, seen: None),
        (BudgetDecision, "_recall", lambda decision: None),
        (ChargeCase, "adjust", lambda case, account, cost, value: None),
        (tranche, "_lower", lambda tranches, charge, reward, cost: ChargeStep(tranches, replace(charge, cost=cost))),
        (tranche, "_with_increase", lambda charge, step: replace(step, charge=charge, value=charge.value)),
    ],
    ids=[
        "one unit over",
        "numbers ignored",
        "nothing comes back",
        "no recall",
        "a changed cost is not charged",
        "a lower cost gives nothing back",
        "a higher cost is not remembered",
    ],
)
def test_the_campaign_detects_a_budget_with_one_mistake(
    kind: object, attribute: str, mutant: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The property above proves something only if it fails without each of these parts."""
    monkeypatch.setattr(kind, attribute, mutant)
    with pytest.raises(AssertionError):
        for seed in range(100):
            _exhaust(seed)


def _exhaust(seed: int) -> None:
    campaign = BudgetedCampaign(seed, total=100)
    campaign.play(40, most=75)
    for _ in range(400):
        campaign.grant(75)
    campaign.drain()
    campaign.check_at_rest()
    assert campaign.budget().left < 75, "the budget is used up"
    assert campaign.unspent() == 0, "no partition keeps what others wait for"


def test_a_budget_is_used_up_to_the_last_unit_wherever_the_rewards_are() -> None:
    """500 rewards of ¥1 and a budget of ¥400: exactly 400 are paid, and no partition keeps a part of its tranche."""
    campaign = BudgetedCampaign(1, total=400)
    for _ in range(60):
        campaign.grant(100)
    campaign.drain()
    assert campaign.unspent() > 0
    for _ in range(440):
        campaign.grant(100, person="xhs:amy")
    campaign.drain()
    assert (campaign.spent(), campaign.unspent(), len(campaign.stopped())) == (40_000, 0, 100)
    assert campaign.recalls(), "tranches of other partitions were taken back"


def test_a_top_up_releases_oldest_first_over_all_partitions_and_more_than_one_step_releases() -> None:
    """Rewards wait in the order in which the budget read their requests; 250 of 450 are released, and these are the oldest."""
    campaign = BudgetedCampaign(2, total=1)
    for _ in range(450):
        campaign.grant(100, person=f"xhs:friend{campaign.random.randrange(400)}")
    campaign.drain()
    waiting = [line.id for line in campaign.requests() if line.id in campaign.stopped()]
    assert len(waiting) == 449
    campaign.apply_version(251)
    campaign.tick()
    campaign.drain()
    campaign.check_at_rest()
    assert campaign.stopped() == sorted(waiting[250:])
    assert (campaign.budget().waiting, campaign.budget().waiting_amount) == (199, 19_900)
    campaign.check_refold()


def test_a_large_reward_that_waits_is_not_passed_by_a_small_one_that_came_later() -> None:
    """Strictly in order, although the small one could be paid."""
    campaign = BudgetedCampaign(3, total=10)
    for cost in (600, 500, 100):
        campaign.grant(cost)
        campaign.drain()
    assert campaign.stopped() == ["rwd_2", "rwd_3"]
    campaign.revoke("rwd_2")
    campaign.drain()
    assert campaign.stopped() == []


def test_a_reward_that_costs_more_than_the_whole_budget_stops_no_other() -> None:
    """It waits behind all others, and is paid once the budget is large enough."""
    campaign = BudgetedCampaign(4, total=10)
    for cost in (1_001, 400, 400):
        campaign.grant(cost)
        campaign.drain()
    assert campaign.stopped() == ["rwd_1"]
    campaign.apply_version(20)
    campaign.tick()
    campaign.drain()
    assert campaign.stopped() == []
    campaign.check_at_rest()


def test_what_a_revoked_reward_cost_pays_for_the_oldest_that_waits() -> None:
    """The cost goes back to the budget; a used reward's does not."""
    campaign = BudgetedCampaign(5, total=10)
    first, second, third = (campaign.grant(500) for _ in range(3))
    campaign.drain()
    assert campaign.stopped() == [third]
    campaign.append(redemption_request("rdm_1", first, beneficiary=campaign.owed[first].beneficiary, at=campaign.now))
    campaign.drain()
    campaign.revoke(first)
    campaign.drain()
    assert campaign.stopped() == [third], "it was used before it was revoked"
    campaign.revoke(second)
    campaign.drain()
    assert (campaign.stopped(), campaign.budget().lent) == ([], 1_000)


def test_a_smaller_budget_takes_nothing_back_and_grants_nothing_more() -> None:
    """Neither from the budget nor from what partitions were lent before; what comes back is not spent again until it fits."""
    campaign = BudgetedCampaign(6, total=400)
    paid = [campaign.grant(100, person=f"xhs:friend{n}") for n in range(40)]
    campaign.drain()
    assert campaign.unspent() > 0
    campaign.apply_version(30)
    campaign.tick()
    late = [campaign.grant(100, person=f"xhs:friend{n}") for n in range(40)]
    campaign.drain()
    assert campaign.stopped() == sorted(late)
    assert (campaign.spent(), campaign.unspent()) == (4_000, 0)
    for reward in paid[:10]:
        campaign.revoke(reward)
    campaign.drain()
    assert campaign.stopped() == sorted(late), "¥30 of ¥30 are spent"
    campaign.revoke(paid[10])
    campaign.drain()
    assert (campaign.spent(), len(campaign.stopped())) == (3_000, 39)


def test_a_reward_with_two_budgets_needs_both() -> None:
    """It waits for its rule's first; what it waits for from the other is not spent, and its revocation gives all of it back."""
    campaign = BudgetedCampaign(7, total=10, of_rule=8)
    both = campaign.grant(800, ("total", RULE))
    other = campaign.grant(200)
    campaign.drain()
    second = campaign.grant(100, ("total", RULE))
    campaign.drain()
    assert campaign.stopped() == [second]
    campaign.revoke(both)
    campaign.drain()
    assert campaign.stopped() == []
    next_one = campaign.grant(750, ("total", RULE))
    campaign.drain()
    assert campaign.stopped() == [next_one], "of the rule's ¥8, ¥1 is spent"
    assert campaign.holds(next_one) == [RULE]
    campaign.apply_version(9, 20)
    campaign.tick()
    campaign.drain()
    assert campaign.stopped() == [next_one], "of the program's ¥9, ¥3 are spent"
    assert campaign.holds(next_one) == [RULE, "total"], "each says what it waits for by then"
    assert campaign.accounts()[next_one].budget == "total"
    assert campaign.spent("first20") == 100
    assert sum(one.reserved for one in campaign.tranches()[RULE].values()) == 750
    campaign.revoke(next_one)
    campaign.revoke(other)
    campaign.drain()
    campaign.check_at_rest()
    assert campaign.budget(RULE).lent - sum(one.available for one in campaign.tranches()[RULE].values()) == 100


def test_half_four_fifths_and_all_of_a_budget_are_reported_once_each_and_again_after_a_top_up() -> None:
    """Each level once, however often the budget goes below it and above it again; a counter counts them."""
    before = [_reached(percent) for percent in BUDGET_LEVELS]
    campaign = BudgetedCampaign(8, total=10)
    rewards = []
    for _ in range(11):
        rewards.append(campaign.grant(100))
        campaign.drain()
    assert campaign.levels() == [50, 80, 100]
    for reward in rewards:
        campaign.revoke(reward)
    campaign.drain()
    for _ in range(10):
        campaign.grant(100)
    campaign.drain()
    assert campaign.levels() == [50, 80, 100]
    campaign.apply_version(19)
    for _ in range(6):
        campaign.grant(100)
        campaign.drain()
    assert campaign.levels() == [50, 80, 100, 80]
    counted = [_reached(percent) - earlier for percent, earlier in zip(BUDGET_LEVELS, before, strict=True)]
    assert counted == [1, 2, 1]


def _reached(percent: int) -> float:
    return REGISTRY.get_sample_value("referral_budget_levels_reached_total", {"percent": str(percent)}) or 0.0


def test_a_stopped_reward_does_not_expire_and_its_days_of_use_begin_at_its_release() -> None:
    """A reward of 30 days that waits for 50 can be used for 30 days from then on."""
    campaign = BudgetedCampaign(9, total=1)
    campaign.grant(100)
    line = replace(grant("rwd_late", at=campaign.now, expires_days=30), cost=Value(100, "CNY"), budgets=("total",))
    campaign.append(line)
    campaign.tick(50 * 86_400)
    campaign.drain()
    assert campaign.stopped() == ["rwd_late"]
    campaign.apply_version(10)
    campaign.tick()
    campaign.tick(29 * 86_400)
    campaign.drain()
    assert campaign.accounts()["rwd_late"].status == "fulfilled"
    campaign.tick(2 * 86_400)
    campaign.drain()
    assert campaign.accounts()["rwd_late"].status == "expired"


def test_part_of_a_refunded_order_gives_part_of_the_cost_back() -> None:
    """The budget is charged what the reward costs from now on, also if it still waits."""
    campaign = BudgetedCampaign(10, total=10)
    first, second = campaign.grant(700), campaign.grant(600)
    campaign.drain()
    for reward in (second, first):
        campaign.adjust(reward, 500)
        campaign.drain()
    assert campaign.stopped() == [second], "¥6 were asked for, and ¥5 are left"
    campaign.append(budget_release("total"))
    campaign.drain()
    campaign.apply_version(11)
    campaign.tick()
    campaign.drain()
    assert (campaign.stopped(), campaign.budget().lent) == ([], 1_000)


def test_a_higher_cost_is_charged_before_the_reward_is_worth_more() -> None:
    """From ¥3 to ¥5 and back; what budgets cannot pay waits in their queue, and the reward stays worth what they have paid."""
    campaign = BudgetedCampaign(13, total=10, of_rule=6)
    first = campaign.grant(300, ("total", RULE))
    campaign.drain()
    campaign.adjust(first, 500)
    campaign.drain()
    assert (_worth(campaign, first), campaign.spent(), campaign.budget(RULE).left) == (500, 500, 100)
    campaign.adjust(first, 700)
    campaign.drain()
    assert (_worth(campaign, first), campaign.spent(), campaign.waiting_increases()) == (500, 500, 1)
    assert campaign.accounts()[first].status == "fulfilled", "what is paid can be used meanwhile"
    campaign.apply_version(10, 10)
    campaign.tick()
    campaign.drain()
    assert (_worth(campaign, first), campaign.spent(), campaign.waiting_increases()) == (700, 700, 0)
    campaign.adjust(first, 100)
    campaign.drain()
    assert (_worth(campaign, first), campaign.budget().lent - campaign.unspent()) == (100, 100)
    campaign.check_at_rest()


def test_a_higher_cost_that_waits_is_withdrawn_by_a_lower_one_and_by_a_revocation() -> None:
    """Nothing of it stays in the queue; an operator who restores the reward restores the higher cost too, if it can be paid."""
    campaign = BudgetedCampaign(14, total=10)
    reward, other = campaign.grant(400), campaign.grant(500)
    campaign.drain()
    campaign.adjust(reward, 800)
    campaign.drain()
    assert (_worth(campaign, reward), campaign.budget().waiting) == (400, 1)
    campaign.adjust(reward, 450)
    campaign.drain()
    assert (_worth(campaign, reward), campaign.budget().waiting) == (450, 0)
    campaign.adjust(reward, 800)
    campaign.drain()
    campaign.act("revoke", reward)
    assert (campaign.budget().waiting, campaign.budget().lent - campaign.unspent()) == (0, 500)
    campaign.revoke(other)
    campaign.act("restore", reward)
    assert (_worth(campaign, reward), campaign.spent()) == (800, 800)
    campaign.check_at_rest()


def test_the_cost_of_a_used_reward_rises_and_does_not_fall() -> None:
    """¥4 that were used stay charged after a refund; the ¥2 more that the reward is worth later are charged too."""
    campaign = BudgetedCampaign(15, total=10)
    reward = campaign.grant(400)
    campaign.drain()
    beneficiary = campaign.owed[reward].beneficiary
    campaign.append(redemption_request("rdm_1", reward, beneficiary=beneficiary, at=campaign.now))
    for cost, charged in ((100, 400), (600, 600)):
        campaign.adjust(reward, cost)
        campaign.drain()
        assert (_worth(campaign, reward), campaign.budget().lent - campaign.unspent()) == (cost, charged)
    assert campaign.accounts()[reward].status == "fulfilled", "¥2 of it can be used"


def test_a_reward_that_cost_nothing_at_first_is_charged_once_it_costs_something() -> None:
    """The part of an order that is left may cost less than one fen."""
    campaign = BudgetedCampaign(16, total=10)
    reward = campaign.grant(0)
    campaign.drain()
    campaign.adjust(reward, 300)
    campaign.drain()
    assert (_worth(campaign, reward), campaign.spent(), campaign.budget().lent - campaign.unspent()) == (300, 300, 300)
    campaign.check_at_rest()


def _worth(campaign: BudgetedCampaign, reward: str) -> int | None:
    value = campaign.accounts()[reward].value
    return value.amount if value else None


def test_an_operator_who_holds_a_stopped_reward_does_not_release_it_past_its_budget() -> None:
    """It waits again after the release; held while the budget gets enough, it is paid at its release."""
    campaign = BudgetedCampaign(11, total=10)
    campaign.grant(1_000)
    campaign.drain()
    stopped = campaign.grant(100)
    campaign.drain()
    campaign.act("hold", stopped)
    campaign.act("release", stopped)
    assert campaign.stopped() == [stopped]
    campaign.act("hold", stopped)
    campaign.apply_version(20)
    campaign.tick()
    campaign.drain()
    assert campaign.accounts()[stopped].hold_reason == "operator"
    campaign.act("release", stopped)
    assert campaign.accounts()[stopped].status == "fulfilled"
    campaign.check_at_rest()


def test_what_an_operator_revokes_goes_back_and_a_restored_reward_is_charged_again() -> None:
    """It waits if the budget has too little by then."""
    campaign = BudgetedCampaign(12, total=10)
    first = campaign.grant(1_000)
    campaign.drain()
    campaign.act("revoke", first)
    assert campaign.budget().lent == 0
    campaign.act("restore", first)
    assert (campaign.accounts()[first].status, campaign.budget().lent) == ("fulfilled", 1_000)
    campaign.act("revoke", first)
    second = campaign.grant(600)
    campaign.drain()
    campaign.act("restore", first)
    assert (campaign.stopped(), campaign.accounts()[second].status) == ([first], "fulfilled")
    campaign.revoke(second)
    campaign.drain()
    assert (campaign.accounts()[first].status, campaign.budget().lent) == ("fulfilled", 1_000)
