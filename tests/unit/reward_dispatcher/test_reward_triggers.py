"""Tiers, conditions, caps, streaks and orders: what each earns, and what takes it back."""

from decimal import Decimal
from typing import get_args

import pytest
from msgspec.structs import replace

from referral.entitlement.earnable_rewards import earnable_rewards
from referral.entitlement.orders import MAX_ORDERS
from referral.events.money import Value
from referral.events.reward_conditions import CONDITIONS
from referral.events.reward_rules import Budget, Caps, Conditions, Reward, RewardTrigger, Tier
from referral.events.rewards import RewardGranted, RewardRevoked
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.scenarios.decide_run import DecideRun

CREDIT = Reward(id="credit", to="referrer", on="conversion.cleared", kind="credit", amount=Decimal("5"), currency="CNY")
SHARE = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
STREAK = Reward(id="streak", to="referrer", on="streak", streak=3, kind="credit", points=50)
WELCOME = Reward(id="welcome", to="referee", on="conversion.cleared", kind="credit", points=10)


def run(*rules: Reward, caps: Caps | None = None, holding_days: int = 0) -> DecideRun:
    """Returns a run under one version with these rules."""
    terms = reward_terms(*rules, holding_days=holding_days)
    return DecideRun((replace(terms, program=replace(terms.program, caps=caps or Caps())),))


@pytest.mark.parametrize("trigger", get_args(RewardTrigger))
def test_each_trigger_has_an_occasion(trigger: RewardTrigger) -> None:
    """A rule with everything that it needs is among the rewards that can be earned."""
    rule = Reward(id="one", to="referrer", on=trigger, kind="shoutout", referrals=1, streak=2)
    earnable = earnable_rewards(reward_terms(rule), "follower", "k")
    groups = earnable.of_each, earnable.milestones, earnable.of_orders, earnable.streaks, earnable.prizes
    assert [reward.rule for group in groups for reward in group] == [rule]


def test_a_credit_carries_value_cost_and_budgets() -> None:
    """Money costs its amount; the total budget and the rule's own are named."""
    terms = reward_terms(replace(CREDIT, budget=Budget(total=100, currency="CNY"), smallest_use=100))
    caps = Caps(budget=Budget(total=1000, currency="CNY"))
    decided = DecideRun((replace(terms, program=replace(terms.program, caps=caps)),)).clear(1)
    [line] = decided.rewards.values()
    assert (line.value, line.cost, line.smallest_use) == (Value(500, "CNY"), Value(500, "CNY"), 100)
    assert line.budgets == ("total", "credit")


def test_points_cost_what_the_rule_states() -> None:
    """100 points at an estimated cost of 0.80 yuan; without a cost nothing is charged."""
    points = Reward(id="points", to="referee", on="conversion.cleared", kind="credit", points=100)
    caps = Caps(budget=Budget(total=1000, currency="CNY"))
    [priced] = run(replace(points, cost=Decimal("0.8")), caps=caps).clear(1).rewards.values()
    assert (priced.value, priced.cost, priced.budgets) == (Value(100, "points"), Value(80, "CNY"), ("total",))
    [free] = run(points, caps=caps).clear(1).rewards.values()
    assert (free.cost, free.budgets) == (None, ())


def test_tiers_price_each_referral_by_its_number() -> None:
    """5 each for the first two, 8 from the third on."""
    tiers = replace(CREDIT, amount=None, tiers=(Tier(start=1, amount=Decimal("5")), Tier(start=3, amount=Decimal("8"))))
    decided = run(tiers)
    for friend in range(1, 5):
        decided.clear(friend)
    assert decided.amounts("credit") == [500, 500, 800, 800]


def test_a_reversal_reprices_no_later_referral_and_lowers_the_count() -> None:
    """The third stays at 8 after the first left; the next is the third again, and a friend who returns is priced anew."""
    tiers = replace(CREDIT, amount=None, tiers=(Tier(start=1, amount=Decimal("5")), Tier(start=3, amount=Decimal("8"))))
    decided = run(tiers).clear(1).clear(2).clear(3).reverse(1)
    assert decided.amounts("credit") == [500, 800]
    assert decided.clear(4).amounts("credit") == [500, 800, 800]
    assert decided.clear(1).amounts("credit") == [500, 800, 800, 800]


def test_tiers_of_a_month_start_again() -> None:
    """Two in November (in Shanghai), then the first of December is in the first tier."""
    tiers = (Tier(start=1, amount=Decimal("5")), Tier(start=2, amount=Decimal("8")))
    decided = run(replace(CREDIT, amount=None, tiers=tiers, tier_period="month"))
    decided.clear(1, day(1)).clear(2, day(2)).clear(3, day(29.7))  # 2026-11-30 16:48 UTC is December in Shanghai
    assert decided.amounts("credit") == [500, 500, 800]


def test_each_condition_of_the_program_file_has_a_predicate() -> None:
    """The table names the fields of `where`, so that none is ignored."""
    assert set(CONDITIONS) == set(Conditions.__struct_fields__), "add the condition to domain/conditions.py"


def test_conditions_choose_the_referrals_that_pay() -> None:
    """By channel, by partner and by content; all that are given must hold."""
    decided = run(
        replace(CREDIT, id="wechat", where=Conditions(channels=("wechat",))),
        replace(CREDIT, id="lin", where=Conditions(partners=("kol_lin",))),
        replace(CREDIT, id="both", where=Conditions(channels=("wechat", "weibo"), content=("post1",))),
    )
    decided.clear(1, channel="wechat").clear(2, channel="weibo", content="post1").clear(3, partner="kol_lin")
    assert decided.rules() == ["both", "lin", "wechat"]


def test_a_milestone_with_a_condition_counts_matching_referrals() -> None:
    """Two friends by WeChat, among others; one of them leaving takes it back."""
    rule = Reward(id="two", to="referrer", on="milestone", referrals=2, kind="shoutout")
    decided = run(replace(rule, where=Conditions(channels=("wechat",))))
    decided.clear(1, channel="wechat").clear(2, channel="weibo")
    assert decided.rules() == []
    assert decided.clear(3, channel="wechat").rules() == ["two"]
    assert decided.reverse(2).rules() == ["two"]
    assert decided.reverse(1).rules() == []


def test_a_cap_stops_the_referrers_reward_and_not_the_friends() -> None:
    """The second of a day is stopped, with its reason; a reversal frees the place for the next one."""
    decided = run(CREDIT, WELCOME, caps=Caps(per_referrer={"day": 1, "month": 3})).clear(1).clear(2)
    assert decided.rules() == ["credit", "welcome", "welcome"]
    assert [(stop.reason, stop.rule, stop.trigger, stop.value) for stop in decided.stops] == [
        ("cap:day", "credit", "cnv_2", Value(500, "CNY"))
    ]
    assert decided.reverse(1).clear(3).rules() == ["credit", "welcome", "welcome"]


def test_caps_name_the_period_that_is_full() -> None:
    """The month, once three days have had one each."""
    decided = run(CREDIT, caps=Caps(per_referrer={"day": 1, "month": 3}))
    for friend in range(1, 5):
        decided.clear(friend, day(friend))
    assert [stop.reason for stop in decided.stops] == ["cap:month"]
    assert decided.clear(5, day(40)).rules() == ["credit"] * 4


def test_a_capped_referral_counts_for_no_milestone() -> None:
    """The milestone is stopped too, and granted by the referral that reaches it within the cap."""
    rule = Reward(id="two", to="referrer", on="milestone", referrals=2, kind="shoutout")
    decided = run(rule, caps=Caps(per_referrer={"day": 1})).clear(1).clear(2)
    assert ([stop.rule for stop in decided.stops], decided.rules()) == (["two"], [])
    assert len(decided.feed.scores) == 1
    assert decided.clear(3, day(1)).rules() == ["two"]
    assert len(decided.feed.scores) == 0, "what was granted is not listed as stopped"


def test_a_reversed_conversion_leaves_no_stop_in_the_list() -> None:
    """The list has what could still be granted."""
    decided = run(CREDIT, caps=Caps(per_referrer={"all": 1})).clear(1).clear(2)
    assert len(decided.feed.scores) == 1
    assert len(decided.reverse(2).feed.scores) == 0


def test_a_partner_meets_no_cap() -> None:
    """Partners earn none of the referrer's rewards, and their friends' are not limited."""
    decided = run(CREDIT, WELCOME, caps=Caps(per_referrer={"all": 1}))
    decided.kind = "partner"
    assert decided.clear(1).clear(2).rules() == ["welcome", "welcome"]
    assert not decided.stops


def test_a_streak_pays_for_days_in_a_row() -> None:
    """Three days in the program's zone; the fourth begins the next block; a gap ends a run."""
    decided = run(STREAK).clear(1, day(0)).clear(2, day(1)).clear(3, day(1))
    assert decided.rules() == []
    [granted] = decided.clear(4, day(2)).rewards.values()
    assert granted.trigger == "streak:day:3:2026-11-01"
    assert decided.clear(5, day(3)).clear(6, day(4)).clear(7, day(6)).rules() == ["streak"]
    assert decided.clear(8, day(5)).rules() == ["streak", "streak"]


def test_a_streak_is_lost_with_the_last_referral_of_a_day() -> None:
    """One of two on a day may leave. The same days again are the same reward."""
    decided = run(STREAK).clear(1, day(0)).clear(2, day(1)).clear(3, day(1)).clear(4, day(2))
    [before] = decided.rewards
    assert decided.reverse(2).rules() == ["streak"]
    assert decided.reverse(3).rules() == []
    assert [line.reason for line in decided.lines if isinstance(line, RewardRevoked)] == ["streak_lost"]
    assert list(decided.clear(3, day(1)).rewards) == [before]


def test_what_is_left_of_a_streak_may_be_a_streak() -> None:
    """Days 0 to 3: without day 0 the days 1 to 3 are three in a row."""
    decided = run(STREAK)
    for number in range(4):
        decided.clear(number, day(number))
    [granted] = decided.reverse(0).rewards.values()
    assert granted.trigger == "streak:day:3:2026-11-02"


def test_weeks_in_a_row_count_from_monday() -> None:
    """Sunday and the Monday after it are two weeks."""
    weekly = replace(STREAK, streak=2, streak_unit="week")
    sunday, monday = day(0), day(1)  # 2026-11-01 is a Sunday
    [granted] = run(weekly).clear(1, sunday).clear(2, monday).rewards.values()
    assert granted.trigger == "streak:week:2:2026-10-26"


def test_an_order_earns_a_percentage_rounded_half_to_even() -> None:
    """10% of 1.25 is 12.5 fen, so 12; of 1.35, so 14."""
    decided = run(SHARE).clear(1).order(1, "o1", "1.25").order(1, "o2", "1.35")
    assert decided.amounts("share") == [12, 14]
    assert {line.trigger for line in decided.rewards.values()} == {"order:cnv_1:o1", "order:cnv_1:o2"}
    assert {line.order for line in decided.rewards.values()} == {"o1", "o2"}


def test_refunds_reduce_the_reward_in_proportion_and_the_last_takes_it_back() -> None:
    """A refund counts once; what is left of the order is what is paid for."""
    decided = run(SHARE).clear(1).order(1, "o1", "100")
    assert decided.refund(1, "o1", "r1", "25").refund(1, "o1", "r1", "25").amounts("share") == [750]
    assert decided.refund(1, "o1", "r2", "75").rules() == []
    assert [line.reason for line in decided.lines if isinstance(line, RewardRevoked)] == ["refunded"]


def test_a_limited_percentage_shrinks_with_the_order() -> None:
    """At most 5 for one order; half of it refunded is half of that."""
    decided = run(replace(SHARE, max_amount=Decimal("5"))).clear(1).order(1, "o1", "100")
    assert decided.amounts("share") == [500]
    assert decided.refund(1, "o1", "r1", "50").amounts("share") == [250]


def test_a_fixed_amount_needs_the_minimum_and_the_currency() -> None:
    """Refunds do not undo that the order was large enough."""
    fixed = replace(SHARE, percent=None, amount=Decimal("9"), min_order=Decimal("50"))
    decided = run(fixed).clear(1).order(1, "small", "49.99").order(1, "usd", "60", currency="USD").order(1, "o1", "60")
    assert decided.amounts("share") == [900]
    assert decided.refund(1, "o1", "r1", "40").amounts("share") == [300]


def test_orders_wait_for_the_conversion_and_are_taken_back_with_it() -> None:
    """Before it clears nothing is paid; a reversal takes all back, and a return restores the same rewards."""
    decided = run(SHARE).order(1, "o1", "10").refund(1, "o2", "r1").order(1, "o2", "10")
    assert decided.rules() == []
    before = list(decided.clear(1).rewards)
    assert len(before) == 1
    assert decided.reverse(1).rules() == []
    decided.order(1, "o3", "20")
    assert decided.rules() == []
    assert decided.clear(1).amounts("share") == [100, 200]
    assert before[0] in decided.rewards


def test_only_the_first_order_counts_if_the_rule_says_so() -> None:
    """The earliest one, also if it arrives later; if it is refunded as a whole, the next one is the first."""
    first = replace(SHARE, where=Conditions(first_order=True))
    decided = run(first).clear(1).order(1, "o2", "20", day(2))
    assert decided.amounts("share") == [200]
    assert decided.order(1, "o1", "10", day(1)).amounts("share") == [100]
    assert decided.refund(1, "o1", "r1").amounts("share") == [200]


def test_orders_count_within_their_days() -> None:
    """30 days of the attribution window by default."""
    decided = run(SHARE, replace(SHARE, id="short", within_days=1)).clear(1)
    decided.order(1, "o1", "10", day(1)).order(1, "o2", "10", day(30)).order(1, "o3", "10", day(31))
    assert decided.rules() == ["share", "share", "short"]


def test_an_order_can_reward_the_friend_with_a_gift() -> None:
    """It stays until the whole order is refunded."""
    gift = Reward(
        id="gift",
        to="referee",
        on="order.qualified",
        kind="gift",
        handover="in_store",
        cost=Decimal("3"),
        currency="CNY",
    )
    caps = Caps(budget=Budget(total=100, currency="CNY"))
    decided = run(gift, caps=caps).clear(1).order(1, "o1", "10").refund(1, "o1", "r1", "9")
    [granted] = decided.rewards.values()
    assert (granted.gift, granted.value, granted.cost) == ("in_store", None, Value(300, "CNY"))
    assert decided.refund(1, "o1", "r2", "1").rules() == []


def test_a_capped_conversion_has_its_orders_stopped_once() -> None:
    """For the referrer; each stopped reward has one line."""
    decided = run(CREDIT, SHARE, caps=Caps(per_referrer={"all": 1})).clear(1).clear(2)
    decided.order(2, "o1", "10").order(2, "o1", "10").order(2, "o2", "10")
    assert [stop.trigger for stop in decided.stops] == ["cnv_2", "order:cnv_2:o1", "order:cnv_2:o2"]
    assert decided.rules() == ["credit"]


def test_the_rules_of_the_order_are_those_of_its_time() -> None:
    """Version 2 pays 20% from day 5 on; the conversion is older."""
    later = reward_terms(replace(SHARE, percent=20), version=2, effective_from=day(5))
    decided = DecideRun((reward_terms(SHARE), later)).clear(1).order(1, "o1", "10", day(4)).order(1, "o2", "10", day(6))
    assert decided.amounts("share") == [100, 200]


def test_the_orders_of_one_person_are_bounded() -> None:
    """Further orders earn nothing."""
    decided = run(SHARE).clear(1)
    for number in range(MAX_ORDERS + 3):
        decided.order(1, f"o{number}", "10")
    assert len(decided.rewards) == MAX_ORDERS


def test_the_holding_period_of_an_order_begins_with_the_order() -> None:
    """Not with the follow."""
    decided = run(SHARE, holding_days=7).clear(1).order(1, "o1", "10", day(3))
    [granted] = decided.rewards.values()
    assert isinstance(granted, RewardGranted)
    assert granted.due_at == day(10)
