"""P21: webhooks to 900 receivers that respond, with and without 100 others that accept connections and never answer.

The two kinds of rounds take turns in one run, so that noise hits both. In a round with dead receivers these get their share of the
messages: each attempt waits for 20 seconds, and is repeated by the schedule.
"""

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from benchmarks.results import Result
from benchmarks.world import World, fill_catalog, until
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.events.entities import Webhook
from referral.events.program import Program
from referral.events.rewards import RewardFulfilled, reward_key
from referral.events.timestamps import to_datetime
from referral.log.publisher import Publisher
from referral.topics import REWARDS
from referral_tools.stack.stack import Stack
from reward_dispatcher.webhook_secrets import new_secret_pair, seal_secret_pair

_PROGRAMS, _ENDPOINTS_EACH, _DEAD = 50, 20, 100
_REWARDS_PER_S = 4  # each is 20 messages
_ROUNDS, _ROUND_S = 4, 12
_GOAL = 1.2
_encode = msgspec.json.Encoder().encode


@dataclass
class _Receiver:
    """Answers every request but those to /dead/…, which it keeps waiting; has the time at which each message arrived."""

    arrived: dict[tuple[str, str], float] = field(default_factory=dict)  # by endpoint and reward
    kept_waiting: int = 0
    port: int = 0
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                length = next(
                    int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
                if path.startswith("/dead/"):
                    self.kept_waiting += 1
                    await self.never.wait()
                self.arrived.setdefault((path, json.loads(body)["data"]["id"]), time.monotonic())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def measure(stack: Stack) -> dict[str, Result]:
    """P21: the 99th percentile of the time from a reward to its arrival at receivers that respond."""
    world = World(stack, "isolation")
    environ = {"REFERRAL_WEBHOOK_LOOPBACK": "true"}
    with _receiver() as receiver:
        hooks = _fill_catalog(world, receiver)
        dead = [hook for hook in hooks if "/dead/" in hook.url]
        with (
            world.process("reward_dispatcher", "fold", "deliveries", environ=environ),
            world.process("reward_dispatcher", "worker", environ=environ),
        ):
            times: dict[bool, list[float]] = {False: [], True: []}
            p99s: dict[bool, list[float]] = {False: [], True: []}
            _round(world, receiver, "warm")
            for number in range(2 * _ROUNDS):
                with_dead = number % 2 == 1
                _write(world, [replace(hook, removed=not with_dead) for hook in dead])
                found = _round(world, receiver, str(number))
                times[with_dead] += found
                p99s[with_dead].append(_p99(found))
    ratio = statistics.median(one / other for one, other in zip(p99s[True], p99s[False], strict=True))
    ours, baseline = _p99(times[True]), _p99(times[False])
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    meaning = (
        f"webhooks to 900 receivers while 100 others never answer, p99 beside none (medians {medians[True]:.0f} and"
        f" {medians[False]:.0f} ms; {receiver.kept_waiting} attempts were kept waiting for 20 s)"
    )
    more: dict[str, float | str] = {"messages": len(times[True]), "pooled ratio": round(ours / baseline, 2)}
    return {"P21": Result(ratio, f"≤ {_GOAL}", ratio <= _GOAL, baseline, ours, "ms", meaning, more)}


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


@contextmanager
def _receiver() -> Iterator[_Receiver]:
    """The receiver on a port of this machine, in a thread of its own."""
    receiver, loop, started = _Receiver(), asyncio.new_event_loop(), threading.Event()

    async def start() -> None:
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=2048)
        receiver.port = server.sockets[0].getsockname()[1]
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait()
    yield receiver
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    loop.call_soon_threadsafe(lambda: loop.call_later(0.5, loop.stop))
    thread.join(5)


def _fill_catalog(world: World, receiver: _Receiver) -> list[Webhook]:
    """50 programs with a person and 20 endpoints each, of which two are dead."""
    hooks: list[Webhook] = []
    for number in range(_PROGRAMS):
        program = Program(
            id=f"prg_{number}",
            name={"en": "Bench"},
            timezone="Asia/Shanghai",
            target_url="https://example.com/follow",
            channels=("wechat",),
        )
        fill_catalog(world.settings, 1, program, number)
        hooks += [_hook(world, receiver, program.id, place) for place in range(_ENDPOINTS_EACH)]
    _write(world, hooks)
    return hooks


def _hook(world: World, receiver: _Receiver, program: str, place: int) -> Webhook:
    now, id_ = to_datetime(1_700_000_000_000), f"whk_{program}_{place}"
    kind = "dead" if place < _DEAD // _PROGRAMS else "hook"
    sealed = seal_secret_pair(world.settings.key_ring(), program, id_, new_secret_pair())
    url = f"http://127.0.0.1:{receiver.port}/{kind}/{id_}"
    return Webhook(recorded_at=now, registered_at=now, id=id_, program=program, url=url, sealed=(sealed,))


def _write(world: World, hooks: Sequence[Webhook]) -> None:
    writer = CatalogWriter(world.settings, SystemClock())
    writer.write(list(hooks), timeout=60)
    writer.close()


def _round(world: World, receiver: _Receiver, name: str) -> list[float]:
    """Writes rewards at the rate; returns the milliseconds until each message arrived at a receiver that responds."""
    publisher, sent, begun = Publisher(world.settings), dict[str, float](), time.monotonic()
    for number in range(_REWARDS_PER_S * _ROUND_S):
        time.sleep(max(0.0, begun + number / _REWARDS_PER_S - time.monotonic()))
        program, reward = f"prg_{number % _PROGRAMS}", f"rwd_{name}_{number}"
        line = RewardFulfilled(
            occurred_at=to_datetime(SystemClock().now_ms()),
            program=program,
            id=reward,
            beneficiary=world.pseudonyms.person_id(program, f"xhs:p{number % _PROGRAMS}"),
            kind="early_access",
        )
        sent[reward] = time.monotonic()
        publisher.publish(REWARDS, [(reward_key(line), _encode(line))])
    expected = len(sent) * (_ENDPOINTS_EACH - _DEAD // _PROGRAMS)

    def arrived() -> list[float]:
        return [(at - sent[reward]) * 1000 for (_, reward), at in list(receiver.arrived.items()) if reward in sent]

    until(lambda: len(arrived()) >= expected, 60)
    publisher.close()
    return arrived()
