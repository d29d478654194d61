"""Hypothesis strategies for reward rules of every trigger, and for what happens to conversions and orders of Amy's friends."""

from decimal import Decimal

from hypothesis import strategies as st

from referral.events.reward_rules import Caps, Conditions, Reward, Tier
from tests.support.builders.participants import day

_WECHAT = Conditions(channels=("wechat",))
_WHERE = st.sampled_from([Conditions(), _WECHAT])
_ROLE = st.sampled_from(["referrer", "referee"])
_YUAN = st.sampled_from([Decimal("0.01"), Decimal("3.33"), Decimal(8)])
_COST = st.none() | st.just(Decimal("1.25"))
_TIERS = (Tier(start=2, amount=Decimal(5)), Tier(start=1, amount=Decimal("2.50")), Tier(start=4, amount=Decimal(9)))

_EACH = st.builds(
    Reward,
    id=st.sampled_from(["guide", "code"]),
    to=_ROLE,
    on=st.just("conversion.cleared"),
    kind=st.just("guide"),
    once=st.booleans(),
    where=_WHERE,
    cost=_COST,
    currency=st.just("CNY"),
)
_MILESTONE = st.builds(
    Reward,
    id=st.sampled_from(["bonus", "shout"]),
    to=_ROLE,
    on=st.just("milestone"),
    kind=st.just("shoutout"),
    referrals=st.integers(1, 4),
    where=_WHERE,
)
_TIERED = st.builds(
    Reward,
    id=st.just("tiered"),
    to=st.just("referrer"),
    on=st.just("conversion.cleared"),
    kind=st.just("credit"),
    currency=st.just("CNY"),
    tiers=st.sampled_from([_TIERS, _TIERS[:2]]),
    tier_period=st.sampled_from(["all", "month"]),
    where=_WHERE,
)
_STREAK = st.builds(
    Reward,
    id=st.just("streak"),
    to=st.just("referrer"),
    on=st.just("streak"),
    kind=st.just("credit"),
    points=st.just(50),
    streak=st.integers(2, 3),
    streak_unit=st.sampled_from(["day", "week", None]),
    where=_WHERE,
)
_SHARE = st.builds(
    Reward,
    id=st.just("share"),
    to=_ROLE,
    on=st.just("order.qualified"),
    kind=st.just("credit"),
    percent=st.integers(1, 100),
    currency=st.just("CNY"),
    max_amount=st.none() | _YUAN,
    min_order=st.none() | _YUAN,
    within_days=st.none() | st.just(3),
    where=st.sampled_from([Conditions(), _WECHAT, Conditions(first_order=True)]),
)
_FIXED = st.builds(
    Reward,
    id=st.just("fixed"),
    to=_ROLE,
    on=st.just("order.qualified"),
    kind=st.sampled_from(["credit", "shoutout"]),
    amount=_YUAN,
    currency=st.just("CNY"),
    min_order=st.none() | _YUAN,
    where=st.sampled_from([Conditions(), Conditions(first_order=True)]),
)

REWARD_RULES = st.lists(
    st.one_of(_EACH, _MILESTONE, _TIERED, _STREAK, _SHARE, _FIXED),
    min_size=1,
    max_size=6,
    unique_by=lambda rule: rule.id,
)
"""Rules of every trigger, with and without conditions, tiers, a minimum and a maximum."""
STREAK_RULES = st.builds(lambda rule: [rule], _STREAK)
"""A streak of days or weeks alone."""
CAPS = st.sampled_from([Caps(), Caps(per_referrer={"day": 1, "month": 3}), Caps(per_referrer={"week": 2, "all": 4})])

_FRIENDS = st.integers(1, 6)
_TIMES = st.integers(-60, 96).map(lambda hours: day(hours / 24))  # few days, of two months and two weeks
_PAID = st.integers(0, 96).map(lambda hours: day(hours / 24))  # friends followed at the start
_ORDERS = st.sampled_from(["o1", "o2", "o3"])
_AMOUNTS = st.sampled_from(["0.01", "1.50", "4.99", "7", "33.33", "100"])
_CLEAR, _REVERSE = st.tuples(st.just("clear"), _FRIENDS, _TIMES), st.tuples(st.just("reverse"), _FRIENDS)
CONVERSIONS = st.lists(st.one_of(_CLEAR, _CLEAR, _REVERSE), min_size=3, max_size=30)
"""Steps of friends 1 to 6: a conversion is cleared or reversed."""
_ORDER = st.tuples(st.just("order"), _FRIENDS, _ORDERS, _AMOUNTS, _PAID)
_REFUND = st.tuples(st.just("refund"), _FRIENDS, _ORDERS, st.sampled_from(["r1", "r2"]), st.none() | _AMOUNTS)
STEPS = st.lists(st.one_of(_CLEAR, _CLEAR, _REVERSE, _ORDER, _REFUND), max_size=40)
"""The same, and orders are paid or refunded."""
_HOURS = st.integers(1, 6)
_CHANGE = st.tuples(
    st.sampled_from(["refund at", "cancel", "reinstate"]), st.just(1), st.sampled_from(["o1", "o2"]), _HOURS
)
ORDER_CHANGES = st.lists(
    st.one_of(
        _CLEAR.map(lambda step: ("clear", 1, step[2])),
        _ORDER.map(lambda step: ("order", 1, *step[2:])),
        _CHANGE,
        _CHANGE,
    ),
    max_size=20,
)
"""Of one friend: orders are refunded in part, cancelled or reinstated in an hour, in any order."""
