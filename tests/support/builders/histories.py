"""Hypothesis strategies for the history of one person, and for the rules it is judged by."""

from decimal import Decimal

from hypothesis import strategies as st

from tests.support.builders.conversion_tracker import (
    FRIEND,
    follow,
    friend_tag,
    order_payment,
    order_refund,
    program_version,
    scan,
    tick,
    token,
    unfollow,
)
from tests.support.builders.participants import AMY, BO, SELF, person_id

DAYS = st.one_of(st.integers(0, 20), st.floats(0, 29).map(lambda days: round(days, 3)))
CODES = st.sampled_from([None, None, "AMY88", "bo88", SELF.code, "NOBODY"])
CLICKS = st.one_of(st.none(), st.builds(token, st.sampled_from([AMY, BO, SELF]), st.integers(0, 20)))
ORDERS = st.sampled_from(["o1", "o2", "o3", "o4"])
FACTS = st.one_of(
    st.builds(follow, st.just(0), DAYS, code=CODES, click=CLICKS, mention=st.sampled_from([None, "@amy", "@nobody"])),
    st.builds(unfollow, st.just(0), DAYS),
    st.builds(scan, st.just(0), DAYS, st.sampled_from(["AMY88", "BO88", SELF.code, "NOBODY"])),
    st.builds(friend_tag, st.just(0), DAYS, st.sampled_from([AMY.id, BO.id, FRIEND, person_id("xhs:stranger")])),
    st.builds(
        order_payment,
        st.just(0),
        DAYS,
        ORDERS,
        st.sampled_from([50, 99, 200]),
        st.sampled_from(["CNY", "USD"]),
        code=CODES,
    ),
    st.builds(order_refund, st.just(0), DAYS, ORDERS),
)
_LATER = st.integers(4, 20)
_SCENES = st.one_of(  # the sequences that lead to a qualified referral, so that many of the histories have one
    st.builds(lambda days, order: [order_payment(0, days, order)], _LATER, ORDERS),
    st.builds(lambda days, order: [order_payment(0, days, order), order_refund(0, days + 3, order)], _LATER, ORDERS),
    st.builds(lambda days, away: [unfollow(0, days), follow(0, days + away, code="BO88")], _LATER, st.integers(0, 4)),
    st.lists(st.one_of(FACTS, st.builds(tick, DAYS)), min_size=1, max_size=4),
)
_OPENING = st.integers(-1, 3).map(lambda days: [follow(0, days, code="AMY88")] if days >= 0 else [])
HISTORIES = st.builds(
    lambda opening, scenes: [*opening, *(line for scene in scenes for line in scene)],
    _OPENING,
    st.lists(_SCENES, min_size=2, max_size=6),
)
PROGRAM_VERSIONS = st.builds(
    program_version,
    model=st.sampled_from(["first_touch", "last_touch"]),
    window_days=st.sampled_from([1, 7, 30]),
    refollow=st.sampled_from(["restore", "never"]),
    evidence=st.permutations(["code", "click", "scan", "mention", "tag"]).map(lambda kinds: tuple(kinds[:4])),
    qualifies_on=st.sampled_from(["person.followed", "order.paid", "person.retained"]),
    min_amount=st.just(Decimal(99)),
    currency=st.just("CNY"),
    retained_days=st.sampled_from([1, 5, 15]),
)
