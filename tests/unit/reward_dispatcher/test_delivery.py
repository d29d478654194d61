"""Webhook delivery: messages, retries, dead letters and acknowledgement. Plain functions replace time and network."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.exceptions import ConnectionError as RedisConnectionError
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs

from referral.catalog.view import Catalog
from referral.events.entities import Webhook
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_ms
from referral.key_ring import PURPOSES, KeyRing
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.messages import Message, message_of, signed_headers
from reward_dispatcher.delivery.ordered_ack import OrderedAck
from reward_dispatcher.delivery.sender import ATTEMPTS, Sender
from reward_dispatcher.delivery.webhook_dispatcher import ReceivedRecord, WebhookDispatcher
from reward_dispatcher.sealed_codes import CodeSealer
from reward_dispatcher.webhook_status import WebhookStatus, WorkerReport, combine_reports
from tests.support.builders.participants import PROGRAM, START

RING = KeyRing.parse("", "k" * 32)
CODES = CodeSealer(RING)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = Webhook(
    recorded_at=START,
    id="whk_1",
    program=PROGRAM,
    url="https://hook.example/",
    secret=SECRET,
)
LINE = RewardFulfilled(
    occurred_at=START,
    program=PROGRAM,
    id="rwd_1",
    beneficiary="xhs:friend1",
    kind="discount_code",
    code="CODE",
    cause=("rewards", 3, 14, 1, 0),
)
RAW = msgspec.json.encode(LINE)


class DeadLetterList:
    """Dead letters in a list."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []

    async def add(self, webhook: str, message: Message, reason: str) -> None:
        """Stores one."""
        self.letters.append((webhook, message.id, reason))


class FakeReceiver:
    """A receiver that responds to its n-th request with `status(n)`, and the sender of its messages, which does not wait."""

    def __init__(self, status: Callable[[int], int]) -> None:
        self.status = status
        self.sent: list[str] = []
        self.pauses: list[float] = []
        self.dead_letters = DeadLetterList()
        self.sender = Sender(self.post, RING, self.dead_letters, self.pause, jitter=lambda: 1.0)

    async def post(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> int:
        """Records the message id and responds."""
        self.sent.append(headers["webhook-id"])
        await asyncio.sleep(0)
        return self.status(len(self.sent))

    async def pause(self, seconds: float) -> None:
        """Records the pause and lets other tasks run."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)


def delivered_message() -> Message:
    """Returns the message of LINE."""
    found = message_of(RAW, (3, 15, 0), CODES)
    assert found is not None
    return found


def received(offset: int, value: bytes, recorded_at: datetime = START) -> ReceivedRecord:
    """Returns a record of the rewards topic."""
    return ReceivedRecord("rewards", 3, offset, to_ms(recorded_at), value)


def run(work: Coroutine[object, object, object]) -> object:
    """Runs a coroutine to its end; fails after ten seconds."""
    return asyncio.run(asyncio.wait_for(work, 10))  # type: ignore[arg-type]


def test_a_repeated_line_has_the_same_message_id() -> None:
    """The id is derived from the line's cause, so a receiver recognizes a line that was repeated after a crash."""
    again = message_of(RAW, (3, 99, 7), CODES)
    assert again is not None
    assert again.id == delivered_message().id
    other = message_of(msgspec.json.encode(replace(LINE, cause=("rewards", 3, 14, 1, 1))), (3, 15, 0), CODES)
    assert other is not None
    assert other.id != again.id


def test_a_message_contains_the_reward_and_nothing_internal() -> None:
    """The body has type, time and the reward. Causes, and lines of other types, stay internal."""
    body = msgspec.json.decode(delivered_message().body)
    assert (body["type"], body["timestamp"]) == ("reward.fulfilled", "2026-11-01T00:00:00Z")
    assert body["data"] == {
        "program": PROGRAM,
        "id": "rwd_1",
        "beneficiary": "xhs:friend1",
        "kind": "discount_code",
        "code": "CODE",
    }
    assert message_of(b'{"type":"reward.held"}', (0, 0, 0), CODES) is None


def test_a_standard_webhooks_library_verifies_the_signature() -> None:
    """It accepts the message and rejects a changed body."""
    signed = signed_headers(SECRET, delivered_message(), datetime.now(UTC))
    assert Verifier(SECRET).verify(delivered_message().body, signed)
    with pytest.raises(Exception, match=r"signature"):
        Verifier(SECRET).verify(delivered_message().body + b" ", signed)


def test_the_receiver_gets_the_code_that_is_sealed_on_the_log() -> None:
    """It hands the code to the person. Without the key, the message is stored as a dead letter that names the key."""
    sealed = msgspec.json.encode(CODES.seal_line(LINE))
    assert b"CODE" not in sealed
    message = message_of(sealed, (3, 15, 0), CODES)
    assert message is not None
    assert message.body == delivered_message().body
    later = CodeSealer(KeyRing.parse(",".join(f"{one}:2026b:{one.ljust(32, 'x')}" for one in PURPOSES), ""))
    unreadable = message_of(sealed, (3, 15, 0), later)
    assert unreadable is not None
    receiver = FakeReceiver(lambda _: 200)

    async def deliver() -> bool:
        await receiver.sender.endpoint(HOOK.id).admit()
        return await receiver.sender.deliver(HOOK, unreadable)

    assert run(deliver()) is False
    assert receiver.sent == []
    [(_, _, reason)] = receiver.dead_letters.letters
    assert "REFERRAL_SIGNING_KEY, which is not set" in reason


def test_a_receiver_that_recovers_gets_the_message_with_the_same_id() -> None:
    """Pauses double; the message is the same each time."""
    receiver = FakeReceiver(lambda number: 200 if number == 4 else 503)
    assert run(_deliver(receiver)) is True
    assert len(receiver.sent) == 4
    assert len(set(receiver.sent)) == 1
    assert receiver.pauses == [0.5, 1.0, 2.0]


def test_a_message_becomes_a_dead_letter_after_the_last_attempt() -> None:
    """It is stored with the reason of the last failure."""
    receiver = FakeReceiver(lambda _: 500)
    assert run(_deliver(receiver)) is False
    assert len(receiver.sent) == ATTEMPTS
    assert receiver.dead_letters.letters == [("whk_1", delivered_message().id, "status 500")]


def test_a_dead_letter_that_cannot_be_stored_is_logged_by_ids_only() -> None:
    """Many people read the process's log: it must not contain a valid code or a person's id."""

    class Unavailable(DeadLetterList):
        """Redis is unavailable."""

        async def add(self, webhook: str, message: Message, reason: str) -> None:
            raise RedisConnectionError("connection refused")

    sender = Sender(FakeReceiver(lambda _: 500).post, RING, Unavailable())
    with capture_logs() as logged:
        run(sender.store_dead_letter(HOOK, delivered_message(), "status 500"))
    (line,) = logged
    assert (line["webhook"], line["message"], line["reward"]) == ("whk_1", delivered_message().id, "rwd_1")
    assert (line["program"], line["type"], line["reason"]) == (PROGRAM, "reward.fulfilled", "status 500")
    assert not any(secret in str(logged) for secret in ("CODE", "xhs:friend1"))


def test_a_receiver_that_responds_410_is_not_tried_again() -> None:
    """410 Gone means that it does not want further messages."""
    receiver = FakeReceiver(lambda _: 410)
    assert run(_deliver(receiver)) is False
    assert len(receiver.sent) == 1


async def _deliver(receiver: FakeReceiver) -> bool:
    assert await receiver.sender.endpoint(HOOK.id).admit()
    return await receiver.sender.deliver(HOOK, delivered_message())


def test_a_record_is_acknowledged_after_its_last_delivery() -> None:
    """Then every receiver has responded, and the deliveries are reported."""
    receiver, acknowledged, reported = FakeReceiver(lambda _: 200), list[int](), list[str]()

    async def report_delivered(partition: int, line: RewardFulfilled) -> None:
        reported.append(line.id)

    async def deliver() -> None:
        dispatcher = WebhookDispatcher(
            Catalog([HOOK, replace(HOOK, id="whk_2")]), receiver.sender, CODES, report_delivered
        )
        await dispatcher.dispatch(
            received(15, RAW + b"\n" + b'{"type":"reward.held"}'), lambda: acknowledged.append(15)
        )
        assert not acknowledged
        while not acknowledged:
            await asyncio.sleep(0)

    run(deliver())
    assert (len(receiver.sent), reported) == (2, ["rwd_1", "rwd_1"])


def test_a_failing_receiver_does_not_delay_a_healthy_one() -> None:
    """With more messages than may be in flight, the healthy one gets all; those of the failing one become dead letters."""
    healthy: list[str] = []
    receiver = FakeReceiver(lambda _: 500)

    async def post(url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> int:
        await asyncio.sleep(0)
        if url == HOOK.url:
            healthy.append(headers["webhook-id"])
            return 200
        return 500

    async def wait_for_ever(_: float) -> None:
        await asyncio.Event().wait()

    async def ignore(partition: int, line: RewardFulfilled) -> None:
        """Does not report."""

    async def deliver() -> None:
        sender = Sender(post, RING, receiver.dead_letters, wait_for_ever)
        failing = replace(HOOK, id="whk_2", url="https://failing.example/")
        dispatcher = WebhookDispatcher(Catalog([HOOK, failing]), sender, CODES, ignore)
        for number in range(300):
            line = replace(LINE, id=f"rwd_{number}", cause=("rewards", 3, number, 0, 0))
            await dispatcher.dispatch(received(number, msgspec.json.encode(line)), lambda: None)
        while len(healthy) < 300:
            await asyncio.sleep(0)

    run(deliver())
    assert len(receiver.dead_letters.letters) == 300 - 64


@pytest.mark.parametrize("field", ["registered_at", "recorded_at"])
@pytest.mark.parametrize(("seconds", "count"), [(-86_400, 0), (-0.001, 0), (0, 1), (5, 1)])
def test_a_webhook_gets_only_what_was_recorded_since_its_registration(field: str, seconds: float, count: int) -> None:
    """Also from a worker that is behind: rewards of the past, with their codes, are not for a new receiver."""
    receiver, acknowledged = FakeReceiver(lambda _: 200), list[int]()
    registered = START + timedelta(days=30)
    hook = replace(HOOK, **{"registered_at": None, field: registered})
    hook = replace(hook, recorded_at=registered + timedelta(days=9)) if field == "registered_at" else hook

    async def deliver() -> None:
        dispatcher = WebhookDispatcher(Catalog([hook]), receiver.sender, CODES, _ignore)
        record = received(15, RAW, registered + timedelta(seconds=seconds))
        await dispatcher.dispatch(record, lambda: acknowledged.append(15))
        while not acknowledged:
            await asyncio.sleep(0)

    run(deliver())
    assert len(receiver.sent) == count


@pytest.mark.parametrize(
    "error",
    [
        TypeError("é"),
        UnicodeEncodeError("ascii", "é", 0, 1, "x"),
        ValueError(),
        KeyError("x"),
        RuntimeError("x" * 9999),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_exception_of_a_delivery_is_a_failed_attempt_with_its_reason(error: Exception) -> None:
    """The message is tried again and then stored: it is never acknowledged as if it had been delivered."""
    receiver, reported, acknowledged = FakeReceiver(lambda _: 200), list[str](), list[int]()

    async def post(url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> int:
        receiver.sent.append(headers["webhook-id"])
        raise error

    async def report_delivered(partition: int, line: RewardFulfilled) -> None:
        reported.append(line.id)

    async def deliver() -> None:
        sender = Sender(post, RING, receiver.dead_letters, receiver.pause)
        dispatcher = WebhookDispatcher(Catalog([HOOK]), sender, CODES, report_delivered)
        await dispatcher.dispatch(received(15, RAW), lambda: acknowledged.append(15))
        while not acknowledged:
            await asyncio.sleep(0)

    run(deliver())
    assert (len(receiver.sent), reported) == (ATTEMPTS, [])
    ((_, _, reason),) = receiver.dead_letters.letters
    assert reason.startswith(f"{type(error).__name__}: ")
    assert len(reason) <= 512


def test_a_secret_that_cannot_sign_is_a_failed_attempt() -> None:
    """The error before the request counts as well."""
    receiver = FakeReceiver(lambda _: 200)

    async def deliver() -> bool:
        assert await receiver.sender.endpoint(HOOK.id).admit()
        return await receiver.sender.deliver(replace(HOOK, secret="whsec_é"), delivered_message())

    assert run(deliver()) is False
    assert len(receiver.dead_letters.letters) == 1


async def _ignore(partition: int, line: RewardFulfilled) -> None:
    """Does not report."""


def test_the_state_of_a_receiver_is_reported_when_it_changes_and_while_messages_wait() -> None:
    """Its last success, its last failure with the reason, what waits, and whether it is failing."""
    receiver = FakeReceiver(lambda number: 500 if number == 1 else 200)

    async def deliver() -> None:
        endpoint = receiver.sender.endpoint(HOOK.id)
        assert await endpoint.admit()
        assert [report.worker.waiting for report in receiver.sender.reports(1).values()] == [1]
        assert [report.worker.waiting for report in receiver.sender.reports(2).values()] == [1]
        assert await receiver.sender.deliver(HOOK, delivered_message())

    run(deliver())
    (report,) = receiver.sender.reports(3).values()
    assert (report.worker, report.last_failure) == (WorkerReport(3, 0, failing=False), "status 500")
    assert report.last_success_ms is not None
    assert report.last_success_ms >= (report.last_failure_ms or 0) > 0
    assert receiver.sender.reports(4) == {}


def test_the_state_of_a_webhook_combines_its_workers() -> None:
    """What waits is the sum of the workers that reported just now; one that ended long ago does not count."""
    reports = {
        b"worker:a": WorkerReport(100_000, 3, failing=True),
        b"worker:b": WorkerReport(99_000, 4, failing=False),
        b"worker:old": WorkerReport(1, 50, failing=False),
    }
    fields = {name: msgspec.json.encode(report) for name, report in reports.items()}
    times = {b"last_success_ms": b"5", b"last_failure_ms": b"7", b"last_failure": "é".encode()}
    assert combine_reports(fields | times, 100_500) == WebhookStatus(5, 7, "é", waiting=7, failing=True)
    assert combine_reports(fields, 1_000_000).waiting == 0
    assert combine_reports({}, 100_500) == WebhookStatus()


def test_a_webhook_shows_the_present_worker_after_many_that_ended() -> None:
    """Each new container reports under a host name of its own, and reports stay for as long as the webhook is used."""
    ended = {f"worker:{number}".encode(): WorkerReport(number, 1, failing=False) for number in range(200)}
    reports = {**ended, b"worker:present": WorkerReport(100_000, 3, failing=True)}
    fields = {name: msgspec.json.encode(report) for name, report in reports.items()}
    assert combine_reports(fields, 100_500) == WebhookStatus(waiting=3, failing=True)


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
