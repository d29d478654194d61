"""The trace of an explanation: every step is the line at its position, no step is missing, and missing steps are reported."""

from collections.abc import Iterator
from dataclasses import replace as replaced
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.explain.log_positions import TraceStep
from conversion_tracker.explain.trace import Trace, build_trace
from conversion_tracker.explain.trace_reader import ReadLimits, TraceReader
from conversion_tracker.explain.trace_response import ExplainedReward, PositionFormatter, reward_responses
from conversion_tracker.screening.conversion import Review, reconcile
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.rule import ScreeningRule
from referral.events.conversions import ConversionCleared
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.ids import conversion_id, referral_id
from referral.events.keys import person_key, referrer_key
from referral.events.redemptions import RedemptionRequested
from referral.events.reward_rules import Caps, Reward
from referral.events.rewards import reward_key
from referral.events.timestamps import DAY_MS
from referral.log.memory_log import MemoryLogReader
from referral.log.records import split
from referral.log.source import Record
from referral.people.people_view import people_in_memory
from referral.topics import Topic, partition_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.folds.state_changes import State as LedgerState
from tests.support.builders.conversion_tracker import (
    FRIEND,
    ban,
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
from tests.support.builders.participants import AMY, BO, PROGRAM, day
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.examples import examples
from tests.support.folds import PARTITIONS
from tests.support.scenarios.reward_chain import RewardChain

BONUS1 = replace(BONUS3, id="bonus1", referrals=1)


def terms(holding_days: int = 0, **more: object) -> ProgramVersion:
    """A program that rewards both sides, with a bonus for the first friend."""
    plain = program_version(**more)
    return replace(plain, program=replace(plain.program, rewards=(GUIDE, FIRST20, BONUS1), holding_days=holding_days))


def types(trace: Trace, topic: str) -> list[str]:
    """The types of the steps in a topic, in order."""
    return [step.type for step in trace.steps if step.position.topic == topic]


def test_the_trace_of_a_follow_goes_from_the_event_to_the_rewards_of_both_sides() -> None:
    """One follow with a code: the event, one attribution, one conversion, three grants and the next state of each."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    trace = chain.trace(FRIEND)
    assert types(trace, "events") == ["person.followed"]
    assert types(trace, "attributions") == ["referral.attributed"]
    assert types(trace, "conversions") == ["conversion.cleared"]
    assert sorted(types(trace, "rewards")) == ["reward.fulfilled"] * 3 + ["reward.granted"] * 3
    assert trace.missing == ()


def test_an_unfollow_and_a_new_follow_are_in_the_trace() -> None:
    """Each reversal and each new line."""
    chain = RewardChain(terms())
    for fact in (follow(1, 1, code="AMY88"), unfollow(2, 2), follow(3, 3)):
        chain.append(fact).drain()
    trace = chain.trace(FRIEND)
    assert types(trace, "events") == ["person.followed", "person.unfollowed", "person.followed"]
    assert types(trace, "conversions") == ["conversion.cleared", "conversion.reversed", "conversion.cleared"]
    assert types(trace, "rewards").count("reward.revoked") == 3
    assert trace.missing == ()


@pytest.mark.parametrize("restored", [False, True], ids=["revoked", "restored"])
def test_a_reward_has_the_same_status_in_the_explanation_and_in_the_wallet(restored: bool) -> None:
    """The friend used the code before they unfollowed: it stays redeemed, with clawback; the other rewards are revoked."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    [code] = [one for one in _rewards(chain) if one.rule == "first20"]
    _redeem(chain, code.id)
    chain.append(unfollow(2, 2)).drain()
    if restored:
        chain.append(follow(3, 3)).drain()
    explained = {one.id: (one.status, one.clawback) for one in _rewards(chain)}
    wallet = {one.id: (one.status, one.clawback) for one in _accounts(chain)}
    assert explained == wallet
    assert wallet[code.id] == ("redeemed", not restored)
    assert sorted(status for status, _ in wallet.values()).count("revoked") == (0 if restored else 2)


def test_the_trace_has_the_rewards_of_orders_and_what_a_cap_stopped() -> None:
    """An order's reward with its value after a refund; of a second friend, the stop with its reason."""
    share = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
    plain = terms()
    rewards, caps = (FIRST20, share), Caps(per_referrer={"all": 1})
    chain = RewardChain(replace(plain, program=replace(plain.program, rewards=rewards, caps=caps)))
    chain.append(follow(1, 1, code="AMY88")).drain()
    chain.append(order_payment(2, 2, "o1")).drain().append(order_refund(3, 3, "o1", 40)).drain()
    trace = chain.trace(FRIEND)
    assert not trace.missing
    by_rule = {one.rule: [state.state for state in one.states] for one in _rewards(chain)}
    assert by_rule == {"first20": ["granted", "fulfilled"], "share": ["granted", "fulfilled", "adjusted"]}
    other = [with_person(one, "xhs:other") for one in (follow(4, 1.5, code="AMY88"), order_payment(5, 2, "o2"))]
    chain.append(*other).drain()
    stopped = reward_responses(chain.trace("xhs:other").steps, PositionFormatter(""), people_in_memory())
    assert [(one.rule, one.status, one.states[-1].reason) for one in stopped if one.rule == "share"] == [
        ("share", "stopped", "cap:all")
    ]


def _rewards(chain: RewardChain) -> list[ExplainedReward]:
    return reward_responses(chain.trace(FRIEND).steps, PositionFormatter(""), people_in_memory())


def _accounts(chain: RewardChain) -> list[Account]:
    """The rewards in the ledger."""
    ids = [one.id for one in _rewards(chain)]
    keys_ = [(partition, f"reward:{id}") for partition in range(PARTITIONS) for id in ids]
    raws = [raw for partition, key in keys_ if (raw := chain.folds["ledger"].value(partition, key))]
    return [one for raw in raws if isinstance(one := msgspec.msgpack.decode(raw, type=LedgerState), Account)]


def _redeem(chain: RewardChain, reward: str) -> None:
    """The friend uses the reward for an order."""
    line = RedemptionRequested(
        occurred_at=day(1.5), program=PROGRAM, id=reward, beneficiary=FRIEND, order="order-1", request="rdm_1"
    )
    chain.log.append("rewards", partition_of(reward_key(line), PARTITIONS), msgspec.json.encode(line))
    chain.drain()


def test_a_held_reward_is_traced_to_the_end_of_its_holding_period() -> None:
    """Granted on day 1, held for 7 days, fulfilled by a clock tick."""
    chain = RewardChain(terms(holding_days=7)).append(follow(1, 1, code="AMY88")).drain()
    assert (
        types(chain.trace(FRIEND), "rewards") == ["reward.granted", "reward.held"] * 3
        or sorted(types(chain.trace(FRIEND), "rewards")) == ["reward.granted"] * 3 + ["reward.held"] * 3
    )
    chain.tick(8.5).drain()
    trace = chain.trace(FRIEND)
    assert types(trace, "rewards").count("reward.fulfilled") == 3
    assert "clock.ticked" in types(trace, "rewards")
    assert trace.missing == ()


def test_a_failing_rule_leads_to_a_held_conversion_without_rewards() -> None:
    """The held line is found, and no step is missing."""

    def crash(_: object) -> bool:
        raise LookupError("rule failed")

    rule = ScreeningRule("self_referral", "", "referral", "high", lambda _: "reject", crash)
    trace = RewardChain(terms(), ScreenFold([rule])).append(follow(1, 1, code="AMY88")).drain().trace(FRIEND)
    assert types(trace, "conversions") == ["conversion.held"]
    assert (types(trace, "rewards"), trace.missing) == ([], ())


def test_an_unattributed_follow_has_a_trace() -> None:
    """The follow, and the unattributed line."""
    trace = RewardChain(terms()).append(follow(1, 1)).drain().trace(FRIEND)
    assert [step.type for step in trace.steps] == ["person.followed", "referral.unattributed"]


def test_deleted_events_are_reported_as_missing() -> None:
    """If a retention is set on the log: the step is missing with its position, and no other line takes its place."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    subject = chain.trace_subject(FRIEND)

    class WithoutEvents(MemoryLogReader):
        def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
            return None if topic.name == "events" else super().record_at(topic, partition, offset)

    trace = chain.trace(FRIEND, WithoutEvents(chain.log))
    assert types(trace, "events") == []
    assert types(trace, "conversions") == ["conversion.cleared"]
    assert any("that part of the log was deleted" in one.detail for one in trace.missing)
    assert subject.history.entries[0].id in trace.missing[0].step


def test_another_line_at_the_position_is_not_used() -> None:
    """If the state is of another log: the line's id is compared."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    for records in chain.log.records.values():
        records[:] = [record._replace(value=record.value.replace(b"evt_1", b"evt_9")) for record in records]
    assert any(one.step == "the event evt_1" for one in chain.trace(FRIEND).missing)


def test_read_limits_are_kept_and_reported() -> None:
    """With too many records or a slow log, the trace is returned with the place to continue the search."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    trace = chain.trace(FRIEND, limits=ReadLimits(records=1, seconds=60))
    assert any("kcat" in one.detail for one in trace.missing)
    ticks = iter([0.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0])
    timed_out = chain.trace(FRIEND, limits=ReadLimits(now=lambda: next(ticks, 9.0)))
    assert timed_out.missing


def test_a_conversion_that_is_not_on_the_log_is_reported_as_missing() -> None:
    """If the state is ahead of the log that is found."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    for partition in range(PARTITIONS):
        chain.log.records["conversions", partition].clear()
    missing = chain.trace(FRIEND).missing
    assert [one.step for one in missing] == [
        f"the current outcome of {conversion_id(referral_id(PROGRAM, FRIEND, AMY.id))}"
    ]


def test_a_review_a_month_later_is_found_by_its_time() -> None:
    """Held on day 1, cleared on day 30, with more records in between than one explanation may read."""

    def crash(_: object) -> bool:
        raise LookupError("rule failed")

    rule = ScreeningRule("self_referral", "", "referral", "high", lambda _: "reject", crash)
    chain = RewardChain(terms(), ScreenFold([rule])).append(follow(1, 1, code="AMY88")).drain()
    subject = chain.trace_subject(FRIEND)
    assert subject.conversion is not None
    partition = chain.trace(FRIEND).steps[-1].position.partition
    for number in range(100):
        chain.clock.advance(DAY_MS // 4)
        chain.log.append("conversions", partition, msgspec.json.encode(tick(number)))
    held, log = subject.conversion, chain.append(unfollow(9, 30)).log
    events = partition_of(person_key(PROGRAM, FRIEND), PARTITIONS)
    cause = ("events", events, len(log.records["events", events]) - 1, 0, 0)
    now, lines = reconcile(replace(held, review=Review("cleared", "kim", chain.clock.now_ms())), held.at, "review")
    assert [type(line) for line in lines] == [ConversionCleared]
    chain.log.append("conversions", partition, msgspec.json.encode(replace(lines[0], cause=cause)))
    reader = TraceReader(MemoryLogReader(chain.log), ReadLimits(records=50, seconds=60))
    trace = build_trace(replaced(subject, conversion=now), reader, PARTITIONS)
    assert types(trace, "conversions") == ["conversion.held", "conversion.cleared"]
    assert types(trace, "events") == ["person.followed", "person.unfollowed"]
    assert trace.missing == ()


@pytest.mark.parametrize("banned", [FRIEND, AMY.id], ids=["the person", "the referrer"])
def test_a_ban_a_month_later_is_found_by_its_time(banned: str) -> None:
    """With more records between the conversion and the ban than one step may read."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    partition = partition_of(referrer_key(PROGRAM, AMY.id), PARTITIONS)
    for number in range(100):
        chain.clock.advance(DAY_MS // 4)
        chain.log.append("conversions", partition, msgspec.json.encode(tick(number)))
    chain.append(ban(30, banned)).drain()
    trace = chain.trace(FRIEND, limits=ReadLimits(records_per_step=50, seconds=60))
    assert types(trace, "events") == ["person.followed", "person.banned"]
    assert "conversion.reversed" in types(trace, "conversions")
    assert [one.step for one in trace.missing if "current outcome" in one.step] == []


def _follow_by_other(number: int) -> Fact:
    return with_person(follow(100 + number, 1.5, code="AMY88"), f"xhs:other{number}")


def with_person(fact: Fact, person: str) -> Fact:
    """The same event of another person."""
    return replace(fact, person=person)


_FACTS = st.one_of(
    st.builds(
        lambda n, d, c: follow(n, d, code=c),
        st.integers(1, 9),
        st.integers(1, 5),
        st.sampled_from(["AMY88", "BO88", None]),
    ),
    st.builds(lambda n, d: follow(n, d, click=token(BO, d - 0.5)), st.integers(10, 12), st.integers(1, 5)),
    st.builds(unfollow, st.integers(20, 29), st.integers(1, 5)),
    st.builds(scan, st.integers(30, 39), st.integers(1, 5), st.sampled_from(["AMY88", "BO88", "NOBODY"])),
    st.builds(friend_tag, st.integers(40, 42), st.integers(1, 5), st.just(BO.id)),
    st.builds(order_payment, st.integers(50, 55), st.integers(1, 5), st.sampled_from(["o1", "o2"])),
    st.builds(order_refund, st.integers(60, 65), st.integers(1, 5), st.sampled_from(["o1", "o2"])),
    st.builds(_follow_by_other, st.integers(1, 5)),
)
_STEPS = st.one_of(
    _FACTS,
    st.integers(0, 3),  # one batch of a fold
    st.sampled_from(["attributions", "conversions", "rewards"]),  # a crash between writing and applying
)


@settings(max_examples=examples(150))
@given(st.lists(_STEPS, max_size=14), st.booleans())
def test_every_position_has_its_line_and_no_line_of_the_referral_is_omitted(
    steps: list[Fact | int | str], on_order: bool
) -> None:
    """For any events in any order, with folds that crash: correct, complete, and with all causes down to events."""
    chain = RewardChain(
        terms(qualifies_on="order.paid", min_amount=Decimal(50), currency="CNY") if on_order else terms()
    )
    for step in steps:
        chain.clock.advance(7_000)
        if isinstance(step, int):
            chain.run_once(step)
        elif isinstance(step, str):
            chain.repeat_last_records(step)
        else:
            chain.append(step)
    trace = chain.drain().trace(FRIEND)
    positions = {step.position for step in trace.steps}
    for one in trace.steps:
        assert msgspec.json.decode(chain.line(one.position)) == msgspec.json.decode(msgspec.json.encode(one.line))
        assert one.cause is None or one.cause in positions
    assert trace.missing == ()
    assert len({one.identity for one in trace.steps}) == len(trace.steps)
    assert _lines_about_friend(chain) <= {_key(one) for one in trace.steps}


def _key(step: TraceStep) -> tuple[object, ...]:
    return step.type, *step.identity


def _lines_about_friend(chain: RewardChain) -> set[tuple[object, ...]]:
    """Oracle that reads the whole log: the lines about the friend's referral, conversion and rewards, without copies."""
    subject = chain.trace_subject(FRIEND)
    referral = referral_id(PROGRAM, FRIEND, subject.referrer) if subject.referrer else None
    conversion = conversion_id(referral) if referral else None
    attributions = [one for one in _lines(chain, "attributions") if referral and one.get("id") == referral]
    conversions = [one for one in _lines(chain, "conversions") if conversion and one.get("id") == conversion]
    rewards = [one for one in _lines(chain, "rewards") if conversion and one.get("trigger") == conversion]
    ids = {one["id"] for one in rewards}
    states = [one for one in _lines(chain, "rewards") if one.get("id") in ids]
    causes = {tuple(one["cause"]) for one in conversions}
    positions = {
        position for position, one in _positioned_lines(chain, "conversions") if tuple(one.get("cause", ())) in causes
    }
    caused = [one for one in _lines(chain, "rewards") if ("cause" in one) and tuple(one["cause"][:4]) in positions]
    return {(one["type"], *one["cause"]) for one in (*attributions, *conversions, *states, *caused)}


def _positioned_lines(chain: RewardChain, topic: str) -> Iterator[tuple[tuple[str, int, int, int], dict]]:
    for partition in range(PARTITIONS):
        for record in chain.log.records[topic, partition]:
            for number, raw in enumerate(split(record.value)):
                yield (topic, partition, record.offset, number), msgspec.json.decode(raw)


def _lines(chain: RewardChain, topic: str) -> Iterator[dict]:
    return (line for _, line in _positioned_lines(chain, topic))
