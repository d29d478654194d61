"""What takes part in using a reward, each in a process of its own; all are killed and started again, also the broker and Redis."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import httpx
from redis import Redis

from referral.config import Settings
from referral.log.topic_admin import ensure_topics
from referral_tools.stack.ports import free_ports
from referral_tools.stack.stack import Stack
from tests.support.builders.participants import AMY
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.fork_server import ChildProcess
from tests.support.processes import start_module, stop_process
from tests.support.records import write_records
from tests.support.settings import API_SECRET, AUTHORIZATION, GUIDES, api_key
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until

Fault = Literal["ledger", "redemption", "ingest", "attribute", "broker", "redis", "wipe"]
FAULTS: tuple[Fault, ...] = ("ledger", "wipe", "redemption", "attribute", "ingest", "broker", "redis")
"""Each process is killed (SIGKILL); `wipe` empties Redis (FLUSHALL)."""
_MODULES = {
    "ledger": ("reward_dispatcher", "fold", "ledger"),
    "redemption": ("reward_dispatcher", "http"),
    "ingest": ("conversion_tracker", "http"),
    "attribute": ("conversion_tracker", "fold", "attribute"),
}
_RECOVERY_S = 240


class Progress:
    """Counts final answers. Faults are spread evenly over them: clients wait where the next fault but one would be due.

    So each fault meets requests that are under way, however slow the machine is.
    """

    def __init__(self, total: int, faults: int) -> None:
        self._step = total / (faults + 1)
        self._faults = faults
        self._answers = self._injected = 0
        self._is_aborted = False
        self._changed = threading.Condition()

    def admit(self) -> None:
        """Returns once another request may be made."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_aborted or self._is_open())

    def count(self, answers: int = 1) -> None:
        """So many requests have their final answer."""
        with self._changed:
            self._answers += answers
            self._changed.notify_all()

    def await_fault(self) -> bool:
        """Returns once the next fault is due; False if there is none because a client has failed."""
        with self._changed:
            due = self._step * (self._injected + 1)
            self._changed.wait_for(lambda: self._is_aborted or self._answers >= due)
            return not self._is_aborted

    def count_fault(self) -> None:
        """A fault was injected."""
        with self._changed:
            self._injected += 1
            self._changed.notify_all()

    def abort(self) -> None:
        """Something failed: nobody waits any more."""
        with self._changed:
            self._is_aborted = True
            self._changed.notify_all()

    def _is_open(self) -> bool:
        return self._injected == self._faults or self._answers < self._step * (self._injected + 2)


@dataclass
class MortalShop:
    """The processes by name, and what was done to them. A process ends with the thread that starts it: the test's own."""

    stack: Stack
    settings: Settings
    environ: Mapping[str, str]
    redemption_url: str
    ingest_url: str
    processes: dict[str, ChildProcess] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        """Starts a process."""
        ports = {"redemption": self.redemption_url, "ingest": self.ingest_url}
        own = {"REFERRAL_HTTP_PORT": ports[name].rpartition(":")[2]} if name in ports else {}
        self.processes[name] = start_module({**self.environ, **own}, *_MODULES[name])

    def inject(self, fault: Fault) -> None:
        """Kills a process and starts it again, or empties Redis."""
        match fault:
            case "wipe":
                with Redis.from_url(self.stack.redis) as client:
                    client.flushall()
            case "redis":
                self.stack.redis_process.kill()
                self.stack.start_redis()
            case "broker":
                self.stack.kafka_process.kill()
                self.stack.start_kafka()
            case _:
                self.processes[fault].kill()
                self.processes[fault].wait(150)
                self.start(fault)
        self.injected[fault] += 1

    def attack(self, faults: tuple[Fault, ...], progress: Progress) -> None:
        """Injects the faults as the clients get on, each once the system has recovered from the one before."""
        for fault in faults:
            if not progress.await_fault():
                return
            wait_until(self._is_answering, timeout=_RECOVERY_S)
            self.inject(fault)
            progress.count_fault()

    def _is_answering(self) -> bool:
        """Whether a reward is found and events are accepted."""
        with httpx.Client(headers=AUTHORIZATION, timeout=150) as client:
            try:
                found = client.get(f"{self.redemption_url}/v1/rewards/rwd_0").status_code
                return found == 200 and client.get(f"{self.ingest_url}/readyz").status_code == 200
            except httpx.TransportError:
                return False


@contextmanager
def mortal_shop(stack: Stack, environ: Mapping[str, str]) -> Iterator[tuple[MortalShop, RewardDispatcher]]:
    """Yields the processes, all ready, over an empty log."""
    redemption, ingest = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    here = {
        **environ,
        "REFERRAL_KAFKA": stack.kafka,
        "REFERRAL_REDIS": stack.redis,
        "REFERRAL_GUIDES": str(GUIDES),
        "REFERRAL_WALLET_URL": redemption,
    }
    settings = Settings.from_env(here)
    ensure_topics(settings)
    write_records(settings, (reward_terms(), AMY, api_key("tests", "admin", secret=API_SECRET)))
    shop = MortalShop(stack, settings, here, redemption, ingest)
    with (
        httpx.Client(base_url=redemption, headers=AUTHORIZATION, timeout=150) as client,
        httpx.Client(base_url=ingest, headers=AUTHORIZATION, timeout=150) as events,
    ):
        try:
            for name in _MODULES:
                shop.start(name)
            wait_until(lambda: is_ready(client) and is_ready(events), timeout=_RECOVERY_S)
            yield shop, RewardDispatcher(settings, here, client)
        finally:
            for process in shop.processes.values():
                stop_process(process)
