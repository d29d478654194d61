"""The loop that sends what is due: from a state that is read together with its fence, and never twice before it is folded."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.deliveries import DeliveryAttempted
from referral.events.entities import Webhook
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_ms
from referral.log.errors import LogUnavailable
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.attempts import Attempts
from reward_dispatcher.delivery.delivery_loop import DeliveryLoop
from reward_dispatcher.delivery.due_reader import DueMessages
from reward_dispatcher.delivery.endpoint_queue import Endpoint
from reward_dispatcher.domain.endpoint_health import EndpointHealth, disable
from reward_dispatcher.domain.message_delivery import MessageDelivery, apply_attempt
from tests.support.builders.participants import PROGRAM, START, person_id

NOW_MS = to_ms(START)
PARTITION = 2
HOOK = Webhook(
    recorded_at=START,
    registered_at=START,
    id="whk_1",
    program=PROGRAM,
    url="https://hook.example/",
    sealed=("never opened here",),
)
LINE = RewardFulfilled(
    occurred_at=START, program=PROGRAM, id="rwd_1", beneficiary=person_id("xhs:friend1"), kind="early_access"
)


@dataclass
class FakeFold:
    """The log and the state of one partition: lines are written at once, and folded when the test says so."""

    messages: dict[str, MessageDelivery] = field(default_factory=dict)
    lines: list[DeliveryAttempted] = field(default_factory=list)
    folded: int = -1
    health: EndpointHealth = field(default_factory=EndpointHealth)
    down: bool = False
    is_active: bool = True

    def add(self, *ids: str) -> None:
        """Adds messages that are due now."""
        for one in ids:
            self.messages[one] = MessageDelivery(HOOK.id, one, LINE, NOW_MS, NOW_MS)

    def fold(self) -> None:
        """Folds all lines."""
        for line in self.lines[self.folded + 1 :]:
            after = apply_attempt(self.messages[line.message], line)
            self.messages[line.message] = after or self.messages[line.message]
        self.folded = len(self.lines) - 1

    def active(self, partitions: list[int]) -> dict[int, list[str]]:
        """As DueReader."""
        self._check()
        return {partition: [HOOK.id] if self.is_active else [] for partition in partitions}

    def due(
        self, requests: Mapping[int, Mapping[str, int]], now_ms: int
    ) -> dict[int, tuple[int, dict[str, DueMessages]]]:
        """As DueReader."""
        self._check()
        [(partition, wanted)] = requests.items()
        waiting = [one for one in self.messages.values() if one.status == "waiting"]
        due = sorted((one for one in waiting if one.due_ms <= now_ms), key=lambda one: one.due_ms)
        later = min((one.due_ms for one in waiting if one.due_ms > now_ms), default=None)
        found = DueMessages(self.health, due[: wanted[HOOK.id]], later, None)
        return {partition: (self.folded, {HOOK.id: found})}

    def _check(self) -> None:
        if self.down:
            raise ConnectionError("no Redis")


class Running:
    """The loop over a fake fold. `send` is called with the id of each message that is sent."""

    def __init__(self, fold: FakeFold, ends: int = 0, send: Callable[[str], AttemptResult] | None = None) -> None:
        self.fold = fold
        self.sent: list[str] = []
        self.reported: list[str] = []
        self.clock = ManualClock(NOW_MS)
        self._send = send or (lambda _: AttemptResult("accepted", status=200))
        self.loop = DeliveryLoop(fold, lambda: {PARTITION: ends}, Catalog([HOOK]), self._attempts, self.clock)  # type: ignore[arg-type]
        self.loop.assign([PARTITION])

    def _attempts(self, ended: Callable[[Endpoint], None]) -> Attempts:
        return Attempts(self, self._write, self._report, self.clock, ended, self._pause)  # type: ignore[arg-type]

    async def attempt(self, webhook: object, delivery: MessageDelivery, *, proven: bool) -> AttemptResult:
        """As Sender."""
        self.sent.append(delivery.id)
        await asyncio.sleep(0)
        return self._send(delivery.id)

    async def _write(self, webhook: str, line: bytes) -> int:
        self.fold.lines.append(msgspec.json.decode(line, type=DeliveryAttempted))
        return len(self.fold.lines) - 1

    async def _report(self, line: RewardFulfilled) -> None:
        self.reported.append(line.id)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def run(self, test: Callable[[], "asyncio.Future[None] | object"]) -> None:
        """Runs the loop while the test runs."""

        async def both() -> None:
            looping = asyncio.create_task(self.loop.run())
            try:
                await asyncio.wait_for(test(), 150)  # type: ignore[arg-type]
            finally:
                looping.cancel()

        asyncio.run(both())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition holds."""
        while not condition():
            await asyncio.sleep(0.001)

    async def rounds(self, count: int = 5) -> None:
        """Returns after so many more rounds."""
        target = self.loop.rounds + count
        await self.until(lambda: self.loop.rounds >= target)


def test_a_message_is_sent_once_until_its_attempt_is_folded() -> None:
    """However often the loop looks; delivered, it is not due any more."""
    running = Running(FakeFold())
    running.fold.add("msg_1")

    async def test() -> None:
        await running.until(lambda: len(running.fold.lines) == 1)
        running.loop.notice(HOOK.id, PARTITION, 0)
        await running.rounds()
        assert running.sent == ["msg_1"]
        running.fold.fold()
        await running.rounds()
        assert running.sent == ["msg_1"]
        assert running.reported == [LINE.id]

    running.run(test)


def test_nothing_is_sent_from_a_state_that_is_behind_the_log() -> None:
    """As it is while a wiped state is rebuilt, also after this worker had seen it complete."""
    running = Running(FakeFold(), ends=3)
    running.fold.add("msg_1")

    async def test() -> None:
        await running.rounds()
        assert running.sent == []
        running.fold.folded = 2
        await running.until(lambda: running.sent == ["msg_1"])
        await running.until(lambda: len(running.fold.lines) == 1)
        running.fold.folded = 9
        running.fold.messages.clear()
        await running.rounds()
        running.fold.folded = 4  # wiped: what was delivered waits again for a moment
        running.fold.add("msg_1")
        running.loop.notice(HOOK.id, PARTITION, 4)
        await running.rounds()
        assert running.sent == ["msg_1"]

    running.run(test)


def test_a_look_at_all_endpoints_forgets_none_whose_line_is_not_folded_yet() -> None:
    """It was noticed just before: nothing waits for it in the state yet, and nobody would notice the line a second time."""
    running = Running(FakeFold(is_active=False))
    running.loop.notice(HOOK.id, PARTITION, 0)

    async def test() -> None:
        await running.rounds()
        running.fold.add("msg_1")
        running.fold.folded = 0
        await running.until(lambda: running.sent == ["msg_1"])

    running.run(test)


def test_a_failed_message_is_sent_again_when_it_is_due() -> None:
    """After the first step of the schedule, by the clock, without any further line."""
    running = Running(FakeFold(), send=lambda _: AttemptResult("failed", "status", 503))
    running.fold.add("msg_1")

    async def test() -> None:
        await running.until(lambda: len(running.fold.lines) == 1)
        running.fold.fold()
        await running.rounds()
        assert running.sent == ["msg_1"]
        running.clock.advance(7_000)
        await running.until(lambda: running.sent == ["msg_1", "msg_1"])
        await running.until(lambda: len(running.fold.lines) == 2)
        assert [line.number for line in running.fold.lines] == [1, 2]

    running.run(test)


def test_messages_to_a_disabled_endpoint_are_missed_and_not_sent() -> None:
    """Each has its line, so that it can be sent on request."""
    running = Running(FakeFold(health=disable(EndpointHealth(), "gone", NOW_MS)))
    running.fold.add(*(f"msg_{number}" for number in range(30)))

    async def test() -> None:
        while len(running.fold.lines) < 30:
            running.fold.fold()
            await running.rounds(1)
        assert running.sent == []
        assert {line.outcome for line in running.fold.lines} == {"missed"}

    running.run(test)


def test_the_loop_goes_on_after_redis_was_away_and_after_any_error_of_an_attempt() -> None:
    """The message is due as before, and no attempt is counted."""
    errors = iter([LogUnavailable("the catalog", "127.0.0.1:9092", "no broker"), RuntimeError("a defect")])

    def send(_: str) -> AttemptResult:
        error = next(errors, None)
        if error is not None:
            raise error
        return AttemptResult("accepted", status=200)

    running = Running(FakeFold(down=True), send=send)
    running.fold.add("msg_1")

    async def test() -> None:
        await running.until(lambda: running.loop.rounds > 0)
        running.fold.down = False
        await running.until(lambda: len(running.fold.lines) == 1)
        assert running.sent == ["msg_1"] * 3
        assert running.fold.lines[0].number == 1
        assert sum(running.loop.attempts.lanes.running.values()) == 0

    running.run(test)


def test_a_partition_that_is_taken_away_is_left_alone() -> None:
    """Its endpoints are forgotten, and a line of it is not noticed."""
    running = Running(FakeFold())

    async def test() -> None:
        await running.rounds()
        running.loop.assign([])
        running.fold.add("msg_1")
        running.loop.notice(HOOK.id, PARTITION, 0)
        await running.rounds()
        assert running.sent == []
        running.loop.assign([PARTITION])
        await running.until(lambda: running.sent == ["msg_1"])

    running.run(test)
