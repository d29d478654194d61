"""How messages are made, sent again, given up and acknowledged; time and network are stood in for by plain functions."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

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
from reward_dispatcher.delivery.clock_ticker import ClockTicker, tick_line
from reward_dispatcher.delivery.messages import Message, message_of, signed_headers
from reward_dispatcher.delivery.ordered_ack import OrderedAck
from reward_dispatcher.delivery.sender import ATTEMPTS, Sender
from reward_dispatcher.delivery.webhook_dispatcher import WebhookDispatcher
from tests.support.builders.participants import PROGRAM, START

HOOK = Webhook(
    recorded_at=START,
    id="whk_1",
    program=PROGRAM,
    url="https://hook.example/",
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
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


class Dead:
    """Dead letters in a list."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []

    async def add(self, webhook: str, told: Message, reason: str) -> None:
        """Keeps one."""
        self.letters.append((webhook, told.id, reason))


class World:
    """A receiver that answers as told, and a pause that only counts."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.answer = answer
        self.sent: list[str] = []
        self.pauses: list[float] = []
        self.dead = Dead()
        self.sender = Sender(self.post, self.dead, self.pause, jitter=lambda: 1.0)

    async def post(self, url: str, signed: dict[str, str], body: bytes, within: float) -> int:
        """Notes the message id and answers."""
        self.sent.append(signed["webhook-id"])
        await asyncio.sleep(0)
        return self.answer(len(self.sent))

    async def pause(self, seconds: float) -> None:
        """Lets the others run."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)


def told() -> Message:
    """The message of the line."""
    found = message_of(RAW, (3, 15, 0))
    assert found is not None
    return found


def run(work: Coroutine[object, object, object]) -> object:
    """Runs to the end, or fails after ten seconds."""
    return asyncio.run(asyncio.wait_for(work, 10))  # type: ignore[arg-type]


def test_a_line_said_twice_is_one_message() -> None:
    """The id follows from the line's cause, so a line repeated after a crash is known by the receiver."""
    again = message_of(RAW, (3, 99, 7))
    assert again is not None
    assert again.id == told().id
    other = message_of(msgspec.json.encode(replace(LINE, cause=("rewards", 3, 14, 1, 1))), (3, 15, 0))
    assert other is not None
    assert other.id != again.id


def test_receivers_are_told_what_matters_and_not_how_we_came_to_it() -> None:
    """The body has type, time and the reward; causes and the ledger's own talk stay inside."""
    body = msgspec.json.decode(told().body)
    assert (body["type"], body["timestamp"]) == ("reward.fulfilled", "2026-11-01T00:00:00Z")
    assert body["data"] == {
        "program": PROGRAM,
        "id": "rwd_1",
        "beneficiary": "xhs:friend1",
        "kind": "discount_code",
        "code": "CODE",
    }
    assert message_of(b'{"type":"reward.held"}', (0, 0, 0)) is None


def test_the_signature_is_checked_by_the_standard_library_of_receivers() -> None:
    """Any Standard Webhooks library accepts it, and no changed body."""
    signed = signed_headers(HOOK, told(), datetime.now(UTC))
    assert Verifier(HOOK.secret).verify(told().body, signed)
    with pytest.raises(Exception, match=r"signature"):
        Verifier(HOOK.secret).verify(told().body + b" ", signed)


def test_a_receiver_that_recovers_gets_the_message_with_the_same_id() -> None:
    """Pauses double; the repetition is the same message."""
    world = World(lambda number: 200 if number == 4 else 503)
    assert run(_deliver(world)) is True
    assert len(world.sent) == 4
    assert len(set(world.sent)) == 1
    assert world.pauses == [0.5, 1.0, 2.0]


def test_a_message_is_given_up_after_bounded_attempts_and_kept() -> None:
    """What cannot be delivered is counted and kept with the reason."""
    world = World(lambda _: 500)
    assert run(_deliver(world)) is False
    assert len(world.sent) == ATTEMPTS
    assert world.dead.letters == [("whk_1", told().id, "status 500")]


def test_what_cannot_even_be_kept_is_told_by_ids_only() -> None:
    """The process's log is read by many: no code that can be spent, and no person."""

    class Full(Dead):
        """Redis is away."""

        async def add(self, webhook: str, told: Message, reason: str) -> None:
            raise RedisConnectionError("nobody there")

    sender = Sender(World(lambda _: 500).post, Full())
    with capture_logs() as logged:
        run(sender.store_dead_letter(HOOK, told(), "status 500"))
    (line,) = logged
    assert (line["webhook"], line["message"], line["reward"]) == ("whk_1", told().id, "rwd_1")
    assert (line["program"], line["type"], line["reason"]) == (PROGRAM, "reward.fulfilled", "status 500")
    assert not any(secret in str(logged) for secret in ("CODE", "xhs:friend1"))


def test_a_receiver_that_is_gone_is_not_asked_again() -> None:
    """410 means that it wants no more."""
    world = World(lambda _: 410)
    assert run(_deliver(world)) is False
    assert len(world.sent) == 1


async def _deliver(world: World) -> bool:
    assert await world.sender.endpoint(HOOK.id).admit()
    return await world.sender.deliver(HOOK, told())


def test_a_record_is_done_only_when_all_its_deliveries_are() -> None:
    """The courier finishes a record after the last receiver answered, and says that the beneficiary was told."""
    world, done, said = World(lambda _: 200), list[int](), list[str]()

    async def tell(partition: int, line: RewardFulfilled) -> None:
        said.append(line.id)

    async def deliver() -> None:
        courier = WebhookDispatcher(Catalog([HOOK, replace(HOOK, id="whk_2")]), world.sender, tell)
        await courier.dispatch("rewards", 3, 15, RAW + b"\n" + b'{"type":"reward.held"}', lambda: done.append(15))
        assert not done
        while not done:
            await asyncio.sleep(0)

    run(deliver())
    assert (len(world.sent), said) == (2, ["rwd_1", "rwd_1"])


def test_a_failing_receiver_does_not_hold_up_a_healthy_one() -> None:
    """Far more than may be under way to it: the healthy one gets all, the failing one's surplus is set aside."""
    healthy: list[str] = []
    world = World(lambda _: 500)

    async def post(url: str, signed: dict[str, str], body: bytes, within: float) -> int:
        await asyncio.sleep(0)
        if url == HOOK.url:
            healthy.append(signed["webhook-id"])
            return 200
        return 500

    async def never(_: float) -> None:
        await asyncio.Event().wait()

    async def ignore(partition: int, line: RewardFulfilled) -> None:
        """Nobody listens."""

    async def deliver() -> None:
        sender = Sender(post, world.dead, never)
        failing = replace(HOOK, id="whk_2", url="https://failing.example/")
        courier = WebhookDispatcher(Catalog([HOOK, failing]), sender, ignore)
        for number in range(300):
            line = replace(LINE, id=f"rwd_{number}", cause=("rewards", 3, number, 0, 0))
            await courier.dispatch("rewards", 3, number, msgspec.json.encode(line), lambda: None)
        while len(healthy) < 300:
            await asyncio.sleep(0)

    run(deliver())
    assert len(world.dead.letters) == 300 - 64


@given(st.permutations(range(8)))
def test_records_are_acknowledged_in_the_order_of_the_log(finished: list[int]) -> None:
    """Whatever order deliveries end in, nothing is acknowledged before all that stands before it."""
    order, acknowledged = OrderedAck(), list[int]()
    places = [order.begin(("rewards", 0), lambda n=number: acknowledged.append(n)) for number in range(8)]
    for count, number in enumerate(finished, 1):
        order.finish(("rewards", 0), places[number])
        unbroken = next((n for n in range(8) if n not in finished[:count]), 8)
        assert acknowledged == list(range(unbroken))


def test_what_came_before_a_new_deal_is_never_acknowledged() -> None:
    """After a rebalance the records under way come again: acknowledging them would skip what they overtook."""
    order, acknowledged = OrderedAck(), list[int]()
    place = order.begin(("rewards", 0), lambda: acknowledged.append(0))
    order.reset()
    order.finish(("rewards", 0), place)
    assert acknowledged == []


def test_the_clock_ticks_once_for_each_full_interval_and_leaps_with_the_time() -> None:
    """A leap is one tick; a tick that was not said is due again; two tickers make the same line."""
    ticks = ClockTicker(60)
    assert ticks.due(120_500) == 120_000
    assert ticks.due(120_700) == 120_000
    ticks.mark_written(120_000)
    assert ticks.due(179_999) is None
    assert ticks.due(86_400_000 + 5) == 86_400_000
    assert tick_line(120_000) == tick_line(120_000) != tick_line(180_000)
    assert tick_line(120_000).startswith(b'{"type":"clock.ticked"')
