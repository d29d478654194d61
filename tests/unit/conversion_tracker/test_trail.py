"""The trail of an explanation: every line it names stands where it says, it lacks none, and it says what it could not find."""

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
from conversion_tracker.screening.conversion import Review, reconcile
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.rule import ScreeningRule
from referral.events.conversions import ConversionCleared
from referral.events.entities import ProgramVersion
from referral.events.facts import Fact
from referral.events.ids import conversion_id, referral_id
from referral.events.keys import person_key, referrer_key
from referral.events.timestamps import DAY_MS
from referral.log.memory_log import MemoryLogReader
from referral.log.records import split
from referral.log.source import Record
from referral.topics import Topic, partition_of
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
from tests.support.builders.participants import AMY, BO, PROGRAM
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE
from tests.support.folds import PARTITIONS
from tests.support.scenarios.reward_chain import RewardChain

BONUS1 = replace(BONUS3, id="bonus1", referrals=1)


def terms(holding_days: int = 0, **more: object) -> ProgramVersion:
    """A program that pays both sides, and a bonus for the first friend."""
    plain = program_version(**more)
    return replace(plain, program=replace(plain.program, rewards=(GUIDE, FIRST20, BONUS1), holding_days=holding_days))


def types(trail: Trace, topic: str) -> list[str]:
    """What was found in a topic, in order."""
    return [step.type for step in trail.steps if step.position.topic == topic]


def test_a_follow_is_walked_down_to_both_sides_rewards_and_up_to_the_fact() -> None:
    """One code, one follow: the fact, two lines of attribution, one of screening, three grants and what became of each."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    trail = chain.trail(FRIEND)
    assert types(trail, "events") == ["person.followed"]
    assert types(trail, "attributions") == ["referral.attributed", "referral.qualified"]
    assert types(trail, "conversions") == ["conversion.cleared"]
    assert sorted(types(trail, "rewards")) == ["reward.fulfilled"] * 3 + ["reward.granted"] * 3
    assert trail.missing == ()


def test_an_unfollow_and_a_return_are_all_there() -> None:
    """What was taken back, and given again, each with its line."""
    chain = RewardChain(terms())
    for fact in (follow(1, 1, code="AMY88"), unfollow(2, 2), follow(3, 3)):
        chain.append(fact).drain()
    trail = chain.trail(FRIEND)
    assert types(trail, "events") == ["person.followed", "person.unfollowed", "person.followed"]
    assert types(trail, "conversions") == ["conversion.cleared", "conversion.reversed", "conversion.cleared"]
    assert types(trail, "rewards").count("reward.revoked") == 3
    assert trail.missing == ()


def test_a_held_reward_is_followed_until_its_holding_period_is_over() -> None:
    """Granted on day 1, held for 7 days, given by a clock tick, with a week of others' lines between."""
    chain = RewardChain(terms(holding_days=7)).append(follow(1, 1, code="AMY88")).drain()
    assert (
        types(chain.trail(FRIEND), "rewards") == ["reward.granted", "reward.held"] * 3
        or sorted(types(chain.trail(FRIEND), "rewards")) == ["reward.granted"] * 3 + ["reward.held"] * 3
    )
    chain.tick(8.5).drain()
    given = chain.trail(FRIEND)
    assert types(given, "rewards").count("reward.fulfilled") == 3
    assert "clock.ticked" in types(given, "rewards")
    assert given.missing == ()


def test_a_rule_that_crashes_shows_as_a_held_conversion_without_rewards() -> None:
    """Held by screening: the line that says so is found, and nothing after it is missed."""

    def crash(_: object) -> bool:
        raise LookupError("nobody knows")

    rule = ScreeningRule("self_referral", "", "referral", "high", lambda _: "reject", crash)
    trail = RewardChain(terms(), ScreenFold([rule])).append(follow(1, 1, code="AMY88")).drain().trail(FRIEND)
    assert types(trail, "conversions") == ["conversion.held"]
    assert (types(trail, "rewards"), trail.missing) == ([], ())


def test_whoever_came_by_themselves_has_a_trail_too() -> None:
    """The follow, and that it was nobody's."""
    trail = RewardChain(terms()).append(follow(1, 1)).drain().trail(FRIEND)
    assert [step.type for step in trail.steps] == ["person.followed", "referral.unattributed"]


def test_a_log_that_lost_its_head_is_said_to_have() -> None:
    """Who gave the log a retention finds the gap named, with the place, and no wrong line in its stead."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    asked = chain.trail_request(FRIEND)

    class Beheaded(MemoryLogReader):
        def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
            return None if topic.name == "events" else super().record_at(topic, partition, offset)

    trail = chain.trail(FRIEND, Beheaded(chain.log))
    assert types(trail, "events") == []
    assert types(trail, "conversions") == ["conversion.cleared"]
    assert any("that part of the log is gone" in one.detail for one in trail.missing)
    assert asked.history.entries[0].id in trail.missing[0].step


def test_a_foreign_line_at_a_place_is_not_taken_for_the_right_one() -> None:
    """Another log than the state's: what stands there is looked at, not believed."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    for records in chain.log.records.values():
        records[:] = [record._replace(value=record.value.replace(b"evt_1", b"evt_9")) for record in records]
    assert any(one.step == "the fact evt_1" for one in chain.trail(FRIEND).missing)


def test_bounds_are_kept_and_said() -> None:
    """Too much between cause and effect, or too slow a log: the answer comes, and tells where to look."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    trail = chain.trail(FRIEND, bounds=ReadLimits(records=1, seconds=60))
    assert any("kcat" in one.detail for one in trail.missing)
    ticks = iter([0.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0])
    late = chain.trail(FRIEND, bounds=ReadLimits(now=lambda: next(ticks, 9.0)))
    assert late.missing


def test_a_conversion_that_screening_has_not_said_yet_is_missed() -> None:
    """The state is ahead of what can be found: told, with the topic to look in."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    for partition in range(PARTITIONS):
        chain.log.records["conversions", partition].clear()
    found = chain.trail(FRIEND).missing
    assert [one.step for one in found] == [f"what stands of {conversion_id(referral_id(PROGRAM, FRIEND, AMY.id))}"]


def test_what_a_person_decided_a_month_later_is_found_by_when_they_did() -> None:
    """Held on the first day, released on the thirtieth, between them more than one answer may read; with its own cause."""

    def crash(_: object) -> bool:
        raise LookupError("nobody knows")

    rule = ScreeningRule("self_referral", "", "referral", "high", lambda _: "reject", crash)
    chain = RewardChain(terms(), ScreenFold([rule])).append(follow(1, 1, code="AMY88")).drain()
    asked = chain.trail_request(FRIEND)
    assert asked.conversion is not None
    where = chain.trail(FRIEND).steps[-1].position.partition
    for number in range(100):
        chain.clock.advance(DAY_MS // 4)
        chain.log.append("conversions", where, msgspec.json.encode(tick(number)))
    held, decided = asked.conversion, chain.append(unfollow(9, 30)).log
    place = partition_of(person_key(PROGRAM, FRIEND), PARTITIONS)
    cause = ("events", place, len(decided.records["events", place]) - 1, 0, 0)
    now, lines = reconcile(replace(held, review=Review("cleared", "kim", chain.clock.now_ms())), held.at, "review")
    assert [type(line) for line in lines] == [ConversionCleared]
    chain.log.append("conversions", where, msgspec.json.encode(replace(lines[0], cause=cause)))
    reading = TraceReader(MemoryLogReader(chain.log), ReadLimits(records=50, seconds=60))
    trail = build_trace(replaced(asked, conversion=now), reading, PARTITIONS)
    assert types(trail, "conversions") == ["conversion.held", "conversion.cleared"]
    assert types(trail, "events") == ["person.followed", "person.unfollowed"]
    assert trail.missing == ()


@pytest.mark.parametrize("banned", [FRIEND, AMY.external_id], ids=["who was brought", "who brought them"])
def test_a_ban_a_month_later_is_found_by_when_it_was(banned: str) -> None:
    """Between the conversion and the ban lies more than one step may read; who asks why it counts no more is told of the ban."""
    chain = RewardChain(terms()).append(follow(1, 1, code="AMY88")).drain()
    where = partition_of(referrer_key(PROGRAM, AMY.id), PARTITIONS)
    for number in range(100):
        chain.clock.advance(DAY_MS // 4)
        chain.log.append("conversions", where, msgspec.json.encode(tick(number)))
    chain.append(ban(30, banned)).drain()
    trail = chain.trail(FRIEND, bounds=ReadLimits(records_per_step=50, seconds=60))
    assert types(trail, "events") == ["person.followed", "person.banned"]
    assert "conversion.reversed" in types(trail, "conversions")
    assert [one.step for one in trail.missing if "stands" in one.step] == []


def _others(number: int) -> Fact:
    return replaced_person(follow(100 + number, 1.5, code="AMY88"), f"xhs:other{number}")


def replaced_person(fact: Fact, person: str) -> Fact:
    """The same, of somebody else."""
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
    st.builds(friend_tag, st.integers(40, 42), st.integers(1, 5), st.just("xhs:bo")),
    st.builds(order_payment, st.integers(50, 55), st.integers(1, 5), st.sampled_from(["o1", "o2"])),
    st.builds(order_refund, st.integers(60, 65), st.integers(1, 5), st.sampled_from(["o1", "o2"])),
    st.builds(_others, st.integers(1, 5)),
)
_STEPS = st.one_of(
    _FACTS,
    st.integers(0, 3),  # a turn of a fold
    st.sampled_from(["attributions", "conversions", "rewards"]),  # a crash between writing and applying
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=14), st.booleans())
def test_every_place_holds_the_very_line_and_no_line_of_the_referral_is_left_out(
    steps: list[Fact | int | str], on_order: bool
) -> None:
    """Whatever happened, in whatever order, with folds that stop and stutter: sound, complete, and closed down to facts."""
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
    trail = chain.drain().trail(FRIEND)
    places = {step.position for step in trail.steps}
    for one in trail.steps:
        assert msgspec.json.decode(chain.line(one.position)) == msgspec.json.decode(msgspec.json.encode(one.line))
        assert one.cause is None or one.cause in places
    assert trail.missing == ()
    assert len({one.identity for one in trail.steps}) == len(trail.steps)
    assert _told(chain) <= {_key(one) for one in trail.steps}


def _key(step: TraceStep) -> tuple[object, ...]:
    return step.type, *step.identity


def _told(chain: RewardChain) -> set[tuple[object, ...]]:
    """An oracle that reads the whole log: what was said of the friend's referral, conversion and rewards, each once."""
    asked = chain.trail_request(FRIEND)
    referral = referral_id(PROGRAM, FRIEND, asked.referrer) if asked.referrer else None
    conversion = conversion_id(referral) if referral else None
    attributions = [one for one in _lines(chain, "attributions") if referral and one.get("id") == referral]
    conversions = [one for one in _lines(chain, "conversions") if conversion and one.get("id") == conversion]
    rewards = [one for one in _lines(chain, "rewards") if conversion and one.get("trigger") == conversion]
    ids = {one["id"] for one in rewards}
    became = [one for one in _lines(chain, "rewards") if one.get("id") in ids]
    said = {tuple(one["cause"]) for one in conversions}
    places = {place for place, one in _placed(chain, "conversions") if tuple(one.get("cause", ())) in said}
    caused = [one for one in _lines(chain, "rewards") if ("cause" in one) and tuple(one["cause"][:4]) in places]
    return {(one["type"], *one["cause"]) for one in (*attributions, *conversions, *became, *caused)}


def _placed(chain: RewardChain, topic: str) -> Iterator[tuple[tuple[str, int, int, int], dict]]:
    for partition in range(PARTITIONS):
        for record in chain.log.records[topic, partition]:
            for number, raw in enumerate(split(record.value)):
                yield (topic, partition, record.offset, number), msgspec.json.decode(raw)


def _lines(chain: RewardChain, topic: str) -> Iterator[dict]:
    return (line for _, line in _placed(chain, topic))
