"""Webhook messages, attempts, the loop that sends what is due, and acknowledgement. Plain functions replace time and network."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TypeVar

import httpcore
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.budgets import BudgetReached
from referral.events.deliveries import DeliveryScheduled, EndpointDisabled, EndpointWarned
from referral.events.entities import Webhook
from referral.events.people import PersonErased
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_ms
from referral.key_ring import PURPOSES, KeyRing
from referral.log.errors import LogUnavailable
from referral.outbound.guarded_backend import AddressRefused, GuardedBackend
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People, people_in_memory
from referral.topics import DELIVERIES, REWARDS, Topic
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.catalog_refresh import CatalogRefresh
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.connections import Answer
from reward_dispatcher.delivery.example_content import example_content
from reward_dispatcher.delivery.excerpts import MAX_EXCERPT, excerpt_of
from reward_dispatcher.delivery.lanes import FAILING_AFTER, LIMITS, SLOW_AFTER_S, EndpointLane, Lanes
from reward_dispatcher.delivery.line_writer import LineWriter
from reward_dispatcher.delivery.message_body import MessageBodies
from reward_dispatcher.delivery.message_shapes import WEBHOOK_MESSAGES
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES, LinePosition, message_id, message_of
from reward_dispatcher.delivery.notifier import Notifier, ReceivedRecord
from reward_dispatcher.delivery.ordered_ack import OrderedAck
from reward_dispatcher.delivery.retry_after import parse_retry_after
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.webhook_secrets import new_secret_pair, rotate, seal_secret_pair
from tests.support.builders.participants import PROGRAM, START, person, person_id

RING = KeyRing.parse("", "k" * 32)
CODES = CodeSealer(RING)
PAIR = new_secret_pair()
HOOK = Webhook(
    recorded_at=START,
    registered_at=START,
    id="whk_1",
    program=PROGRAM,
    url="https://hook.example/",
    sealed=(seal_secret_pair(RING, PROGRAM, "whk_1", PAIR),),
)
LINE = RewardFulfilled(
    occurred_at=START,
    program=PROGRAM,
    id="rwd_1",
    beneficiary=person_id("xhs:friend1"),
    kind="discount_code",
    code="CODE",
    cause=("rewards", 3, 14, 1, 0),
)
RAW = msgspec.json.encode(LINE)
PEOPLE = people_in_memory([person("xhs:friend1")])


async def _no_refresh() -> None:
    """Everyone is known."""


BODIES = MessageBodies(PEOPLE, CODES, _no_refresh)
DELIVERY = MessageDelivery("whk_1", "msg_1", LINE, to_ms(START), to_ms(START))
Result = TypeVar("Result")


class FakeReceiver:
    """A receiver that answers its n-th request with `answer(n)`, and the sender of its messages."""

    def __init__(self, answer: Callable[[int], Answer], bodies: MessageBodies = BODIES) -> None:
        self._answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.clock = ManualClock(to_ms(START))
        self.sender = Sender(self.post, bodies.build, RING, self.clock)

    async def post(
        self, receiver: str, url: str, headers: dict[str, str], body: bytes, timeout_s: float, *, proven: bool
    ) -> Answer:
        """Records the request and answers."""
        assert (receiver, url, timeout_s) == (HOOK.id, HOOK.url, 20.0)
        self.requests.append((headers, body))
        return self._answer(len(self.requests))

    def attempt(self, delivery: MessageDelivery = DELIVERY, webhook: Webhook = HOOK) -> AttemptResult:
        """Returns how one attempt ended."""
        return run(self.sender.attempt(webhook, delivery, proven=True))


def run(work: Coroutine[object, object, Result]) -> Result:
    """Runs a coroutine to its end; fails after ten seconds."""
    return asyncio.run(asyncio.wait_for(work, 10))  # type: ignore[arg-type]


def test_a_repeated_line_has_the_same_message_id() -> None:
    """The id is derived from the line's cause, so a receiver recognizes a line that was repeated after a crash."""
    first, later = LinePosition("rewards", 3, 15, 0), LinePosition("rewards", 3, 99, 7)
    assert message_id(LINE, first) == message_id(LINE, later)
    assert message_id(replace(LINE, cause=("rewards", 3, 14, 1, 1)), first) != message_id(LINE, first)
    without = replace(LINE, cause=("", 0, 0, 0, 0))
    assert message_id(without, first) != message_id(without, later)


def test_a_message_contains_the_reward_and_nothing_internal() -> None:
    """The body has type, time and the reward. Causes, and lines of other types, stay internal."""
    body = msgspec.json.decode(run(BODIES.build(LINE)))
    assert (body["type"], body["timestamp"]) == ("reward.fulfilled", "2026-11-01T00:00:00Z")
    assert body["data"] == {
        "program": PROGRAM,
        "id": "rwd_1",
        "beneficiary": person_id("xhs:friend1"),
        "external_id": "xhs:friend1",
        "erased": False,
        "kind": "discount_code",
        "code": "CODE",
    }
    assert message_of(RAW, REWARDS) == LINE
    assert message_of(b'{"type":"reward.held"}', REWARDS) is None


def test_receivers_are_notified_of_what_is_left_of_a_budget() -> None:
    """In minor units of its currency; nothing is left if more is used than a total that was made smaller."""
    line = BudgetReached(
        occurred_at=START, program=PROGRAM, budget="first20", unit="CNY", percent=80, limit=1_000, lent=810
    )
    assert message_of(msgspec.json.encode(line), REWARDS) == line
    assert msgspec.json.decode(run(BODIES.build(line))) == {
        "type": "budget.reached",
        "timestamp": "2026-11-01T00:00:00Z",
        "data": {
            "program": PROGRAM,
            "budget": "first20",
            "currency": "CNY",
            "percent": 80,
            "total": 1_000,
            "free": 190,
        },
    }
    shrunk = msgspec.json.decode(run(BODIES.build(replace(line, percent=100, limit=500))))
    assert shrunk["data"]["free"] == 0


@pytest.mark.parametrize("reason", ["operator", "removed", "gone", "failing"])
def test_other_endpoints_are_notified_of_what_no_operator_did(reason: str) -> None:
    """Warnings, and the end of an endpoint that answered 410 or only failed."""
    line = EndpointDisabled(occurred_at=START, program=PROGRAM, webhook="whk_2", reason=reason)  # type: ignore[arg-type]
    found = message_of(msgspec.json.encode(line), DELIVERIES)
    assert found == (line if reason in ("gone", "failing") else None)
    warned = EndpointWarned(occurred_at=START, program=PROGRAM, webhook="whk_2", percent=50, failing_since=START)
    assert message_of(msgspec.json.encode(warned), DELIVERIES) == warned


@pytest.mark.parametrize("event_type", WEBHOOK_EVENT_TYPES)
def test_there_is_a_test_message_of_every_type(event_type: str) -> None:
    """It has the shape that OpenAPI describes, and is marked as a test."""
    content = example_content(event_type, PROGRAM, START)  # type: ignore[arg-type]
    body = run(BODIES.build(content, test=True))
    shape = next(one for one in WEBHOOK_MESSAGES if one.__struct_config__.tag == event_type)
    decoded = msgspec.json.decode(body, type=shape)
    assert decoded.data.test is True
    assert msgspec.json.decode(body)["type"] == event_type


def test_an_accepted_attempt_is_signed_with_what_is_valid_now() -> None:
    """After a rotation by both pairs; the receiver verifies with either."""
    receiver = FakeReceiver(lambda _: Answer(204))
    assert receiver.attempt() == AttemptResult("accepted", status=204)
    rotated = rotate(RING, HOOK, receiver.clock.now_ms())
    receiver.attempt(webhook=rotated)
    receiver.clock.advance(24 * 3_600_000)
    receiver.attempt(webhook=rotated)
    counts = [len(headers["webhook-signature"].split(" ")) for headers, _ in receiver.requests]
    assert counts == [2, 4, 2]
    for headers, body in receiver.requests[:2]:
        assert Verifier(PAIR.secret).verify(body, headers)
    headers, body = receiver.requests[2]
    with pytest.raises(Exception, match=r"signature"):
        Verifier(PAIR.secret).verify(body, headers)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "accepted"),
        (299, "accepted"),
        (301, "failed"),
        (307, "failed"),
        (404, "failed"),
        (410, "gone"),
        (500, "failed"),
    ],
)
def test_only_2xx_is_accepted(status: int, outcome: str) -> None:
    """A redirect fails, 410 ends the endpoint."""
    receiver = FakeReceiver(lambda _: Answer(status, "30", b"no"))
    result = receiver.attempt()
    assert (result.outcome, result.status) == (outcome, status)
    assert result.retry_after_s == (None if outcome == "accepted" else 30)
    assert result.excerpt == ("" if outcome == "accepted" else "no")


def _raise(error: Exception) -> Answer:
    raise error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), "timeout"),
        (httpcore.ConnectTimeout(), "timeout"),
        (AddressRefused("10.0.0.1"), "address"),
        (httpcore.ConnectError("refused"), "connection"),
        (UnicodeEncodeError("ascii", "é", 0, 1, "x"), "connection"),
        (RuntimeError("x" * 9999), "connection"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_any_exception_is_a_failed_attempt_with_its_reason(error: Exception, failure: str) -> None:
    """The message is tried again: it is never taken for delivered."""
    result = FakeReceiver(lambda _: _raise(error)).attempt()
    assert (result.outcome, result.failure, result.status) == ("failed", failure, None)
    assert result.excerpt.startswith(type(error).__name__)
    assert len(result.excerpt) <= MAX_EXCERPT


def test_the_receiver_gets_the_code_that_is_sealed_on_the_log() -> None:
    """It hands the code to the person. Without the key nothing is sent, and that is no failure of the receiver."""
    sealed = replace(DELIVERY, content=CODES.seal_line(LINE))
    assert b"CODE" not in msgspec.json.encode(sealed.content)
    receiver = FakeReceiver(lambda _: Answer(200))
    receiver.attempt(sealed)
    assert msgspec.json.decode(receiver.requests[0][1])["data"]["code"] == "CODE"
    later = CodeSealer(KeyRing.parse(",".join(f"{one}:2026b:{one.ljust(32, 'x')}" for one in PURPOSES), ""))
    other = FakeReceiver(lambda _: Answer(200), MessageBodies(PEOPLE, later, _no_refresh))
    result = other.attempt(sealed)
    assert (result.outcome, result.failure, other.requests) == ("unsent", "unreadable", [])
    assert "REFERRAL_SIGNING_KEY, which is not set" in result.excerpt


def test_a_message_that_is_sent_again_after_an_erasure_identifies_no_one() -> None:
    """It has the same id, null in place of the platform's id, and `erased`; the person id and the reward are what they were."""
    index, who = MemoryPeople(), LINE.beneficiary
    index.apply(person("xhs:friend1"))
    receiver = FakeReceiver(lambda _: Answer(500), MessageBodies(People(index), CODES, _no_refresh))
    receiver.attempt()
    index.apply(PersonErased(recorded_at=START, id=who, program=PROGRAM, epoch=1, erased=who))
    index.erase(f"person/{who}")
    receiver.attempt()
    (first, first_body), (second, second_body) = receiver.requests
    assert first["webhook-id"] == second["webhook-id"] == "msg_1"
    before, after = msgspec.json.decode(first_body)["data"], msgspec.json.decode(second_body)["data"]
    assert (before["external_id"], before["erased"]) == ("xhs:friend1", False)
    assert after == before | {"external_id": None, "erased": True}


def test_a_person_who_is_not_known_yet_is_never_reported_as_erased() -> None:
    """The attempt is not made while the log is unavailable, and uses up no number."""
    index, reads = MemoryPeople(), list[int]()

    async def read() -> None:
        reads.append(1)
        if len(reads) <= 2:
            raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")
        index.apply(person("xhs:friend1"))

    receiver = FakeReceiver(lambda _: Answer(200), MessageBodies(People(index), CODES, read))
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            receiver.attempt()
    assert receiver.requests == []
    assert receiver.attempt().outcome == "accepted"


def test_a_person_whom_the_log_does_not_have_costs_one_read_of_it() -> None:
    """However many attempts there are; once they are known, messages name them."""
    index, reads = MemoryPeople(), list[int]()

    async def read() -> None:
        reads.append(1)

    bodies = MessageBodies(People(index, refresh=lambda: reads.append(2)), CODES, read)
    receiver = FakeReceiver(lambda _: Answer(500), bodies)
    for _ in range(5):
        receiver.attempt()
    assert reads == [1]
    index.apply(person("xhs:friend1"))
    receiver.attempt()
    named = [msgspec.json.decode(body)["data"]["external_id"] for _, body in receiver.requests]
    assert named == [None] * 5 + ["xhs:friend1"]
    assert reads == [1]


NOW_S = datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 400, 172_800),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Tue, 24 Nov 2026 08:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0),
        ("Tue, 24 Nov 2099 07:00:00 GMT", 172_800),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: int | None) -> None:
    """RFC 9110, 10.2.3, from 0 to two days; anything else is ignored."""
    assert parse_retry_after(value, NOW_S) == seconds


@given(st.one_of(st.text(max_size=60), st.datetimes(timezones=st.just(UTC)).map(lambda at: format_datetime(at, True))))
def test_no_text_in_retry_after_is_an_error(value: str) -> None:
    """Receivers write what they like."""
    found = parse_retry_after(value, NOW_S)
    assert found is None or 0 <= found <= 172_800


@given(st.binary(max_size=500))
def test_an_excerpt_is_short_printable_and_has_nothing_of_the_person(noise: bytes) -> None:
    """Whatever a receiver answers, also if it repeats what it was sent."""
    body = run(BODIES.build(LINE))
    excerpt = excerpt_of(noise[:60] + body + noise, body)
    assert len(excerpt) <= MAX_EXCERPT
    assert excerpt.isprintable()
    full = excerpt_of(body, body)
    assert "friend1" not in excerpt + full
    assert "CODE" not in full.replace("discount_code", "")


def test_only_permitted_addresses_are_connected_to() -> None:
    """The address that was checked is the one that is connected to, so that a name cannot lead elsewhere in between."""
    connected, answers = list[str](), iter([["93.184.215.14"], ["10.0.0.8"], ["93.184.215.14", "127.0.0.1"], []])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers)

    class Connector(httpcore.AsyncMockBackend):
        """Records where it connects to."""

        async def connect_tcp(self, host: str, *args: object, **kwargs: object) -> httpcore.AsyncNetworkStream:  # type: ignore[override]
            connected.append(host)
            return await super().connect_tcp(host, 443)

    backend = GuardedBackend(resolve, Connector([]), loopback=False)
    run(backend.connect_tcp("hook.example", 443))
    for _ in range(3):
        with pytest.raises(AddressRefused):
            run(backend.connect_tcp("hook.example", 443))
    assert connected == ["93.184.215.14"]


class Scheduling:
    """A notifier, and the lines that it wrote."""

    def __init__(self, *webhooks: Webhook) -> None:
        self.written: list[DeliveryScheduled] = []
        self.acknowledged: list[int] = []
        self.refreshed = 0
        self.durable = asyncio.Event()
        self.notifier = Notifier(Catalog(webhooks), self.refresh, self.write, ManualClock(to_ms(START)))

    async def refresh(self) -> None:
        """The catalog is read."""
        self.refreshed += 1

    async def write(self, webhook: str, line: bytes) -> int:
        """Waits until `durable` is set."""
        await self.durable.wait()
        self.written.append(msgspec.json.decode(line, type=DeliveryScheduled))
        return len(self.written)

    async def dispatch(self, value: bytes, topic: Topic = REWARDS, recorded_at: datetime = START) -> None:
        """Dispatches a record, and lets what it started run."""
        record = ReceivedRecord(topic, 3, 15, to_ms(recorded_at), value)
        await self.notifier.dispatch(record, lambda: self.acknowledged.append(15))
        for _ in range(10):
            await asyncio.sleep(0)


def test_a_record_is_acknowledged_once_its_messages_are_durable() -> None:
    """One line for each endpoint, each with the line of the log: sealed, and without who the person is."""

    async def schedule() -> Scheduling:
        here = Scheduling(HOOK, replace(HOOK, id="whk_2"))
        await here.dispatch(msgspec.json.encode(CODES.seal_line(LINE)) + b"\n" + b'{"type":"reward.held"}')
        assert here.acknowledged == []
        here.durable.set()
        for _ in range(10):
            await asyncio.sleep(0)
        return here

    here = run(schedule())
    assert here.acknowledged == [15]
    assert [line.webhook for line in here.written] == ["whk_1", "whk_2"]
    assert len({line.message for line in here.written}) == 1
    assert b"CODE" not in msgspec.json.encode(here.written[0])


def _scheduled(value: bytes, *webhooks: Webhook, topic: Topic = REWARDS, recorded_at: datetime = START) -> list[str]:
    """The endpoints that get a record's messages."""

    async def schedule() -> Scheduling:
        here = Scheduling(*webhooks)
        here.durable.set()
        await here.dispatch(value, topic, recorded_at)
        assert here.acknowledged == [15]
        return here

    return [line.webhook for line in run(schedule()).written]


@pytest.mark.parametrize(("seconds", "count"), [(-86_400, 0), (-0.001, 0), (0, 1), (5, 1)])
def test_a_webhook_gets_only_what_was_recorded_since_its_registration(seconds: float, count: int) -> None:
    """Also from a worker that is behind: rewards of the past, with their codes, are not for a new receiver."""
    hook = replace(HOOK, registered_at=START, recorded_at=START + timedelta(days=9))
    assert len(_scheduled(RAW, hook, recorded_at=START + timedelta(seconds=seconds))) == count


def test_a_webhook_gets_the_types_that_it_is_registered_for() -> None:
    """And no endpoint is notified of itself; a removed one gets nothing."""
    redeemed, removed = replace(HOOK, id="whk_2", events=("reward.redeemed",)), replace(HOOK, id="whk_3", removed=True)
    assert _scheduled(RAW, HOOK, redeemed, removed) == ["whk_1"]
    warned = EndpointWarned(occurred_at=START, program=PROGRAM, webhook="whk_1", percent=50, failing_since=START)
    raw = msgspec.json.encode(warned)
    assert _scheduled(raw, HOOK, replace(HOOK, id="whk_4"), redeemed, topic=DELIVERIES) == ["whk_4"]


def test_records_that_come_together_wait_for_one_read_of_the_catalog() -> None:
    """A read counts for those that called before it began; one that fails counts for no one."""
    reads, failures = list[float](), iter([True])

    def read() -> None:
        reads.append(1)
        if next(failures, False):
            raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")

    async def refresh() -> None:
        here = CatalogRefresh(read, interval_s=0.01)
        with pytest.raises(LogUnavailable):
            await here.refresh()
        await asyncio.gather(*[here.refresh() for _ in range(50)])
        assert len(reads) == 2
        await here.refresh()
        assert len(reads) == 3

    run(refresh())


def test_a_record_without_messages_does_not_wait_for_the_catalog() -> None:
    """Most lines of `rewards` are internal."""

    async def schedule() -> Scheduling:
        here = Scheduling(HOOK)
        await here.dispatch(b'{"type":"reward.held"}')
        return here

    here = run(schedule())
    assert (here.refreshed, here.acknowledged) == (0, [15])


def test_lines_that_come_together_share_a_record_and_none_is_lost() -> None:
    """While Kafka fails the record is repeated; each caller gets the offset of its record."""
    records, failures = list[tuple[int, bytes]](), iter([True, True, False, False])

    async def send(partition: int, record: bytes) -> int:
        await asyncio.sleep(0)
        if next(failures, False):
            raise ConnectionError("no broker")
        records.append((partition, record))
        return len(records)

    async def no_pause(_: float) -> None:
        await asyncio.sleep(0)

    async def write() -> list[int]:
        writer = LineWriter("deliveries", send, no_pause)
        return await asyncio.gather(*[writer.write(number % 2, str(number).encode()) for number in range(10)])

    offsets = run(write())
    assert sorted(line for _, record in records for line in record.split()) == sorted(
        str(n).encode() for n in range(10)
    )
    assert all(str(number).encode() in records[offset - 1][1].split() for number, offset in enumerate(offsets))
    assert len(records) == 2


def test_receivers_that_stop_answering_hold_no_place_of_others_after_two_seconds() -> None:
    """A hundred of them with all their attempts: then an endpoint that responds has its 64 places."""
    lanes, dead = Lanes(), [EndpointLane("fast", proven=True) for _ in range(100)]
    for endpoint in dead:
        number = 0
        while lanes.may_start(endpoint) and number < 64:
            lanes.start(endpoint, f"msg_{number}", 0.0)
            number += 1
    healthy = EndpointLane("fast", proven=True)
    assert lanes.running["fast"] >= LIMITS["fast"].lane
    for endpoint in dead:
        lanes.move_if_slow(endpoint, SLOW_AFTER_S)
    started = 0
    while lanes.may_start(healthy):
        lanes.start(healthy, f"msg_{started}", 2.0)
        started += 1
    assert started == 64
    assert lanes.may_start(EndpointLane()), "a new endpoint may always have one attempt"


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["start", "accept", "fail", "time"])), max_size=300))
def test_the_places_of_each_lane_are_counted_exactly(steps: list[tuple[int, str]]) -> None:
    """Whatever happens in whatever order, and no endpoint exceeds its own limit."""
    lanes, endpoints, now_s, number = Lanes(), [EndpointLane() for _ in range(21)], 0.0, 0
    for index, step in steps:
        endpoint = endpoints[index]
        if step == "start" and lanes.may_start(endpoint):
            number += 1
            lanes.start(endpoint, f"msg_{number}", now_s)
            assert len(endpoint.started) <= LIMITS[endpoint.lane].proven
        elif step in ("accept", "fail") and endpoint.started:
            message, began = next(iter(endpoint.started.items()))
            lanes.finish(endpoint, message)
            lanes.record(endpoint, succeeded=step == "accept", seconds=now_s - began)
            assert (endpoint.lane == "failing") == (endpoint.failures >= FAILING_AFTER)
        elif step == "time":
            now_s += 1
            lanes.move_if_slow(endpoint, now_s)
        for lane, running in lanes.running.items():
            assert running == sum(len(one.started) for one in endpoints if one.lane == lane)


def test_an_endpoint_begins_in_the_lane_of_its_last_attempts() -> None:
    """Also in a new worker: one that is dead has two attempts at a time from the start."""
    assert EndpointLane.of(EndpointHealth()).lane == "slow"
    assert EndpointLane.of(EndpointHealth(last_success_ms=1)).lane == "fast"
    assert EndpointLane.of(EndpointHealth(last_success_ms=1, failures=1)).lane == "slow"
    assert EndpointLane.of(EndpointHealth(failures=FAILING_AFTER)).lane == "failing"


@given(st.permutations(range(8)))
def test_records_are_acknowledged_in_the_order_of_the_log(finished: list[int]) -> None:
    """In whatever order deliveries end, no record is acknowledged before those that precede it."""
    order, acknowledged = OrderedAck(), list[int]()
    records = [order.begin(("rewards", 0), lambda n=number: acknowledged.append(n)) for number in range(8)]
    for count, number in enumerate(finished, 1):
        order.finish(("rewards", 0), records[number])
        unbroken = next((n for n in range(8) if n not in finished[:count]), 8)
        assert acknowledged == list(range(unbroken))


def test_records_from_before_a_rebalance_are_not_acknowledged() -> None:
    """They are read again: acknowledging them now would skip unfinished records before them."""
    order, acknowledged = OrderedAck(), list[int]()
    record = order.begin(("rewards", 0), lambda: acknowledged.append(0))
    order.reset()
    order.finish(("rewards", 0), record)
    assert acknowledged == []


def test_the_clock_ticks_once_per_interval_and_jumps_with_the_time() -> None:
    """A jump is one tick; a tick that was not written stays due; two tickers write the same line."""
    ticker = ClockTicker(60)
    assert ticker.due(120_500) == 120_000
    assert ticker.due(120_700) == 120_000
    ticker.mark_written(120_000)
    assert ticker.due(179_999) is None
    assert ticker.due(86_400_000 + 5) == 86_400_000
    assert tick_line(120_000) == tick_line(120_000) != tick_line(180_000)
    assert tick_line(120_000).startswith(b'{"type":"clock.ticked"')
