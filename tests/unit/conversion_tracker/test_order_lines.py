"""Orders of referred people travel to the referrer's rewards, whatever arrives first; programs without such rules have no lines."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.attribution.history import MAX_ENTRIES
from referral.events.attributions import OrderLine, ReferralOrdered, ReferralOrderRefunded
from referral.events.conversions import ConversionOrdered, ConversionOrderRefunded
from referral.events.entities import ProgramVersion
from referral.events.facts import BanDecision, Fact, OrderPaid, OrderRefunded, PersonFollowed, PersonUnfollowed
from referral.events.ids import conversion_id, referral_id
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardAdjusted, RewardGranted, RewardRevoked
from referral.topics import CONVERSIONS, REWARDS, Topic
from tests.support.builders.conversion_tracker import (
    FRIEND,
    ban,
    catalog,
    follow,
    order_payment,
    order_refund,
    program_version,
    unban,
    unfollow,
)
from tests.support.builders.participants import AMY, BO, PROGRAM, day
from tests.support.scenarios.attribution import AttributionRun
from tests.support.scenarios.reward_chain import RewardChain

SHARE = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")


def with_rule(version: ProgramVersion, *rules: Reward) -> ProgramVersion:
    """Returns the version with reward rules."""
    return replace(version, program=replace(version.program, rewards=rules or (SHARE,)))


PAYS = with_rule(program_version())


def lines(*facts: Fact | BanDecision, terms: ProgramVersion = PAYS) -> list[OrderLine]:
    """Returns the lines about orders that facts lead to, recorded at once."""
    run = AttributionRun(catalog(terms)).take(facts)
    return [line for line in run.outputs if isinstance(line, ReferralOrdered | ReferralOrderRefunded)]


def test_an_order_is_published_for_the_referrer() -> None:
    """With the first follow, the amount as it was sent, and the evidence of the referral."""
    [line] = lines(follow(1, 1, code="AMY88"), order_payment(2, 3, "o1", Decimal("19.90"), currency="cny"))
    assert isinstance(line, ReferralOrdered)
    assert (line.id, line.referrer) == (referral_id(PROGRAM, FRIEND, AMY.id), AMY.id)
    assert (line.order, line.amount, line.currency) == ("o1", Decimal("19.90"), "CNY")
    assert (line.occurred_at, line.followed_at, line.evidence.code) == (day(3), day(1), "AMY88")


def test_a_refund_is_published_with_its_own_id() -> None:
    """In part or as a whole, also if its order is not known yet."""
    found = lines(follow(1, 1, code="AMY88"), order_refund(2, 4, "o1", 5), order_refund(3, 5, "o1"))
    refunds = [(one.refund, one.amount) for one in found if isinstance(one, ReferralOrderRefunded)]
    assert refunds == [("evt_2", Decimal(5)), ("evt_3", None)]


def test_a_repeated_fact_is_published_once() -> None:
    """By its id."""
    paid = order_payment(2, 3, "o1")
    assert len(lines(follow(1, 1, code="AMY88"), paid, paid)) == 1


def test_a_program_without_a_reward_for_orders_has_no_such_lines() -> None:
    """The plain path stays as it is, also if orders qualify referrals."""
    plain = program_version(qualifies_on="order.paid", min_amount=Decimal(1), currency="CNY")
    assert lines(follow(1, 1, code="AMY88"), order_payment(2, 3, "o1"), terms=plain) == []
    assert lines(follow(1, 1, code="AMY88"), order_payment(2, 3, "o1"), terms=program_version()) == []


def test_a_rule_that_takes_effect_later_counts_from_then_on() -> None:
    """An order before it leads to no line."""
    later = with_rule(program_version(2, day(5)))
    run = AttributionRun(catalog(program_version(), later))
    run.take([follow(1, 1, code="AMY88"), order_payment(2, 3, "o1"), order_payment(3, 6, "o2")])
    assert [line.order for line in run.outputs if isinstance(line, ReferralOrdered)] == ["o2"]


def test_people_without_a_referrer_have_no_such_lines() -> None:
    """Nor have those who were banned, unfollowed, or ordered before they followed."""
    assert lines(follow(1, 1), order_payment(2, 3, "o1")) == []
    assert lines(follow(1, 1, code="AMY88"), ban(2), order_payment(3, 3, "o1")) == []
    assert lines(follow(1, 1, code="AMY88"), unfollow(2, 2), order_payment(3, 3, "o1")) == []
    assert lines(follow(1, 2, code="AMY88"), order_payment(2, 1, "o1")) == []


def test_who_is_attributed_again_brings_the_orders_of_the_meantime() -> None:
    """After a return and after an unban, refunds included."""
    returned = lines(
        follow(1, 1, code="AMY88"), unfollow(2, 2), order_payment(3, 3, "o1"), order_refund(4, 4, "o1", 1), follow(5, 5)
    )
    assert [type(line) for line in returned] == [ReferralOrdered, ReferralOrderRefunded]
    unbanned = lines(follow(1, 1, code="AMY88"), ban(2), order_payment(3, 3, "o1"), unban(4))
    assert [line.order for line in unbanned] == ["o1"]


def test_a_corrected_referrer_gets_the_orders() -> None:
    """Evidence that arrives late moves the referral to Bo, with its order."""
    found = lines(follow(1, 2, code="AMY88"), order_payment(2, 3, "o1"), follow(3, 1, code=BO.code))
    assert [(line.referrer, line.followed_at) for line in found if isinstance(line, ReferralOrdered)] == [
        (AMY.id, day(2)),
        (BO.id, day(1)),
    ]


def test_every_order_of_a_long_history_is_published_when_it_arrives() -> None:
    """The history forgets old orders; their lines are on the log."""
    orders = [order_payment(number, 2 + number / 100, f"o{number}") for number in range(2, MAX_ENTRIES * 3)]
    found = lines(follow(1, 1, code="AMY88"), *orders)
    assert [line.order for line in found] == [one.data.order for one in orders]


def test_a_part_of_an_order_may_qualify_a_referral() -> None:
    """99 yuan are needed: 100 less 1 are enough, less 2 are not."""
    rules = program_version(qualifies_on="order.paid", min_amount=Decimal(99), currency="CNY")
    run = AttributionRun(catalog(rules))
    run.take([follow(1, 1, code="AMY88"), order_payment(2, 2, "o1", 100), order_refund(3, 3, "o1", 1)])
    assert run.person.published is not None
    assert run.person.published.qualified_at
    run.take([order_refund(4, 4, "o1", 1)])
    assert run.person.published.qualified_at is None


_SPELLS = PersonFollowed | PersonUnfollowed
FACTS = st.lists(
    st.one_of(
        st.builds(lambda at: ("unfollow", at), st.integers(6, 9)),
        st.builds(lambda at: ("follow", at), st.integers(6, 9)),
        st.builds(
            lambda at, order, amount: ("order", at, order, amount),
            st.integers(1, 10),
            st.sampled_from(["o1", "o2"]),
            st.integers(1, 50),
        ),
        st.builds(
            lambda at, order, amount: ("refund", at, order, amount),
            st.integers(1, 10),
            st.sampled_from(["o1", "o2"]),
            st.none() | st.integers(1, 50),
        ),
    ),
    max_size=8,
)


def _facts(steps: list[tuple[object, ...]]) -> list[Fact]:
    make = {"unfollow": unfollow, "follow": follow, "order": order_payment, "refund": order_refund}
    return [make[str(kind)](number, *rest) for number, (kind, *rest) in enumerate(steps, 10)]  # type: ignore[operator]


def _owed(facts: list[Fact]) -> dict[str, int]:
    """10% of what is left of each order since the follow on day 2, in fen, if the friend follows in the end."""
    last = max((one for one in facts if isinstance(one, _SPELLS)), key=lambda one: one.occurred_at)
    if isinstance(last, PersonUnfollowed):
        return {}
    paid: dict[str, tuple[object, Decimal]] = {}
    for one in facts:
        if isinstance(one, OrderPaid) and one.occurred_at >= day(2):
            known = paid.get(one.data.order)
            mine = one.occurred_at, one.data.amount
            paid[one.data.order] = min(known, mine) if known else mine
    owed = {}
    for order, (_, amount) in paid.items():
        refunds = [one.data.amount for one in facts if isinstance(one, OrderRefunded) and one.data.order == order]
        left = Decimal(0) if None in refunds else amount - sum(refunds)
        if left > 0:
            owed[order] = int(left * 10)
    return owed


@given(FACTS, st.randoms(use_true_random=False))
def test_facts_in_any_order_end_at_the_same_rewards(steps: list[tuple[object, ...]], random: object) -> None:
    """Through all folds: events shuffled, and each credit worth its share of what is left of its order."""
    facts = [follow(1, 2, code="AMY88"), *_facts(steps)]
    moments = [one.occurred_at for one in facts if isinstance(one, _SPELLS)]
    if len(set(moments)) < len(moments):
        return  # who follows and unfollows at one time: the id decides, which this model does not
    expected = _owed(facts)
    random.shuffle(facts)  # type: ignore[attr-defined]
    chain = RewardChain(PAYS)
    for fact in facts:
        chain.append(fact).drain()
    assert _credits(chain) == expected


def _decoded(chain: RewardChain, topic: Topic) -> list[object]:
    decode = msgspec.json.Decoder(topic.lines).decode
    return [decode(raw) for raw in chain.log.lines(topic.name)]


def _credits(chain: RewardChain) -> dict[str, int]:
    """What the credits in effect are worth, by order."""
    worth: dict[str, int] = {}
    orders: dict[str, str] = {}
    for line in _decoded(chain, REWARDS):
        match line:
            case RewardGranted() if line.value is not None and line.order is not None:
                orders[line.id] = line.order
                worth[line.order] = line.value.amount
            case RewardAdjusted():
                worth[orders[line.id]] = line.value.amount
            case RewardRevoked():
                worth.pop(orders[line.id])
    return worth


def test_screening_passes_orders_on() -> None:
    """Under the id of the conversion."""
    chain = RewardChain(PAYS).append(
        follow(1, 1, code="AMY88"), order_payment(2, 3, "o1"), order_refund(3, 4, "o1", 20)
    )
    chain.drain()
    found = [
        one for one in _decoded(chain, CONVERSIONS) if isinstance(one, ConversionOrdered | ConversionOrderRefunded)
    ]
    assert [(one.id, one.order, one.amount) for one in found] == [
        (conversion_id(referral_id(PROGRAM, FRIEND, AMY.id)), "o1", Decimal(100)),
        (conversion_id(referral_id(PROGRAM, FRIEND, AMY.id)), "o1", Decimal(20)),
    ]
    assert _credits(chain) == {"o1": 800}
