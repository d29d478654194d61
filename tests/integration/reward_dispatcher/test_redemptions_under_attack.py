"""R7: 64 clients × 100 rewards while the ledger and the HTTP service are killed and Redis loses everything."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx
import msgspec
import pytest

from referral.config import Settings
from referral.events.redemptions import RewardRedeemed
from referral.redis_client import RedisClient
from referral.topics import REWARDS as REWARDS_TOPIC
from referral_tools.stack.ports import free_ports
from tests.support.builders.participants import AMY, person_id
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.processes import start_module, stop_process
from tests.support.records import write_records
from tests.support.settings import API_SECRET, AUTHORIZATION, GUIDES, api_key
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(540)]

REWARDS = 100
CLIENTS = 64
FAULTS = ("ledger", "http", "redis", "ledger", "redis", "http")  # in turn, each once the system has recovered
_decode = msgspec.json.Decoder(RewardRedeemed).decode


@dataclass
class MortalSystem:
    """The HTTP service and the ledger as processes that are killed and started again, on one port."""

    environ: Mapping[str, str]
    redis: RedisClient
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        """Starts a process."""
        arguments = ("fold", "ledger") if name == "ledger" else ("http",)
        self.processes[name] = start_module(self.environ, "reward_dispatcher", *arguments)

    def inject(self, fault: str) -> None:
        """Kills a process with SIGKILL and starts it again, or empties the Redis database."""
        if fault == "redis":
            self.redis.flushdb()
        else:
            self.processes[fault].kill()
            self.processes[fault].wait(10)
            self.start(fault)
        self.injected[fault] += 1


@contextmanager
def mortal_system(
    settings: Settings, environ: Mapping[str, str], redis: RedisClient
) -> Iterator[tuple[MortalSystem, RewardDispatcher]]:
    """Both processes over a hundred fulfilled rewards."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    here = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_GUIDES": str(GUIDES), "REFERRAL_WALLET_URL": url}
    write_records(settings, (reward_terms(), AMY, api_key("tests", "admin", secret=API_SECRET)))
    mortal = MortalSystem(here, redis)
    with httpx.Client(base_url=url, headers=AUTHORIZATION, timeout=30) as client:
        try:
            for name in ("http", "ledger"):
                mortal.start(name)
            system = RewardDispatcher(settings, here, client)
            wait_until(lambda: is_ready(client))
            system.write_rewards(grant(f"rwd_{n}", beneficiary=person_id(f"xhs:friend{n}")) for n in range(REWARDS))
            wait_until(lambda: system.summary()["by_status"]["fulfilled"] == REWARDS)  # type: ignore[index]
            yield mortal, system
        finally:
            for process in mortal.processes.values():
                stop_process(process)


def test_of_many_clients_one_redeems_each_reward_whatever_dies(
    settings: Settings, environ: dict[str, str], redis: RedisClient
) -> None:
    """Exactly one success for each reward; every refusal names the order that won; each answered success is on the log once."""
    with mortal_system(settings, environ, redis) as (mortal, system):
        finished = Event()
        attacker = Thread(target=_attack, args=(mortal, system, finished))
        attacker.start()
        try:
            with ThreadPoolExecutor(CLIENTS) as pool:
                answers = [one for mine in pool.map(lambda n: _redeem_all(system, n), range(CLIENTS)) for one in mine]
        finally:
            finished.set()
            attacker.join(60)
        assert min(mortal.injected[fault] for fault in FAULTS) >= 1, mortal.injected
        won = {reward: answer.json()["order_id"] for reward, answer in answers if answer.status_code == 201}
        assert Counter(answer.status_code for _, answer in answers) == {201: REWARDS, 409: REWARDS * (CLIENTS - 1)}
        assert len(won) == REWARDS
        for reward, answer in answers:
            assert answer.status_code == 201 or won[reward] in answer.json()["detail"], answer.text
        assert _redeemed_on_the_log(settings) == won


def _attack(mortal: MortalSystem, system: RewardDispatcher, finished: Event) -> None:
    """Injects one fault after the other, each when requests are answered again, until the clients have finished."""
    chance = random.Random(7)
    for fault in FAULTS:
        wait_until(lambda: finished.is_set() or _is_answering(system), timeout=120)
        if finished.wait(chance.uniform(0.5, 1.5)):
            return
        mortal.inject(fault)


def _is_answering(system: RewardDispatcher) -> bool:
    """Whether a reward is found: after each fault, the HTTP service and the ledger's state are back."""
    try:
        with httpx.Client(base_url=system.client.base_url, headers=AUTHORIZATION, timeout=10) as client:
            return client.get("/v1/rewards/rwd_0").status_code == 200
    except httpx.TransportError:
        return False


def _redeem_all(system: RewardDispatcher, client: int) -> list[tuple[str, httpx.Response]]:
    """One client tries every reward, in an order of its own."""
    with httpx.Client(base_url=system.client.base_url, headers=AUTHORIZATION, timeout=60) as mine:
        order = [(number + client * 7) % REWARDS for number in range(REWARDS)]
        return [(f"rwd_{n}", _redeem(mine, f"rwd_{n}", f"order-{client}-{n}")) for n in order]


def _redeem(client: httpx.Client, reward: str, order: str) -> httpx.Response:
    """Redeems as a shop does: it sends a request again, with the same key, until it has an answer that is final."""
    headers, body = {"Idempotency-Key": order}, {"reward_id": reward, "order_id": order}
    while True:
        try:
            answer = client.post("/v1/redemptions", json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(0.1)  # as a client backs off
            continue
        if answer.status_code not in {429, 503}:
            return answer
        time.sleep(0.05)


def _redeemed_on_the_log(settings: Settings) -> dict[str, str]:
    """The order that each reward was used for. Copies of a line, which a killed fold leaves, have the same cause."""
    found: dict[str, set[tuple[object, str]]] = {}
    for _, raw in read_lines(settings, REWARDS_TOPIC):
        if raw.startswith(b'{"type":"reward.redeemed"'):
            line = _decode(raw)
            found.setdefault(line.id, set()).add((line.cause, line.order))
    assert all(len(lines) == 1 for lines in found.values()), found
    return {reward: order for reward, lines in found.items() for _, order in lines}
