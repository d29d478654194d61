"""R7: 64 clients × 100 rewards, by requests and by orders, while any process or the broker is killed and Redis loses everything."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import NamedTuple

import httpx
import msgspec
import pytest

from referral.config import Settings
from referral.events.redemptions import RewardRedeemed
from referral.log.topic_admin import ensure_topics
from referral.redis_client import RedisClient
from referral.topics import REWARDS as REWARDS_TOPIC
from referral_tools.stack.ports import free_ports
from referral_tools.stack.stack import Stack
from tests.support.builders.participants import AMY, PROGRAM, person_id
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.processes import start_module, stop_process
from tests.support.records import write_records
from tests.support.redis_servers import connect_to_redis
from tests.support.settings import API_SECRET, AUTHORIZATION, GUIDES, api_key
from tests.support.systems.conversion_tracker import event
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import is_ready, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(540)]

REWARDS = 100
CLIENTS = 64
BATCH = 20
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "http": ("reward_dispatcher", "http"),
    "ledger": ("reward_dispatcher", "fold", "ledger"),
    "ingest": ("conversion_tracker", "http"),
    "attribute": ("conversion_tracker", "fold", "attribute"),
}
FAULTS = ("ledger", "attribute", "kafka", "http", "redis", "ingest", "ledger", "kafka", "redis", "attribute")
"""In turn, each once the system has recovered."""
FINAL = ("taken", "refused")
_decode = msgspec.json.Decoder(RewardRedeemed).decode


@dataclass
class MortalSystem:
    """Services and folds as processes on fixed ports, a broker and a Redis: all of them are killed and started again."""

    environ: Mapping[str, str]
    stack: Stack
    redis: RedisClient
    ports: Mapping[str, int]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)

    def url(self, name: str) -> str:
        """Returns the URL of an HTTP service."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self, name: str) -> None:
        """Starts a process."""
        port = {"REFERRAL_HTTP_PORT": str(self.ports[name])} if name in self.ports else {}
        self.processes[name] = start_module({**self.environ, **port}, *PROCESSES[name])

    def inject(self, fault: str) -> None:
        """Kills a process or the broker with SIGKILL and starts it again, or empties the Redis database."""
        if fault == "redis":
            self.redis.flushdb()
        elif fault == "kafka":
            self.stack.kafka_process.kill()
            self.stack.start_kafka()
        else:
            self.processes[fault].kill()
            self.processes[fault].wait(10)
            self.start(fault)
        self.injected[fault] += 1

    def is_answering(self) -> bool:
        """Whether a reward is found and events are accepted: after each fault, services and the ledger's state are back."""
        try:
            with _client(self.url("http")) as rewards, _client(self.url("ingest")) as ingest:
                return rewards.get("/v1/rewards/rwd_0").status_code == 200 and is_ready(ingest)
        except httpx.TransportError:
            return False


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=AUTHORIZATION, timeout=60)


@pytest.fixture
def attacked(mortal: Stack, environ: dict[str, str]) -> Iterator[tuple[MortalSystem, RewardDispatcher]]:
    """All processes over a hundred fulfilled rewards with codes, on a broker and a Redis of their own."""
    http, ingest = free_ports(2)
    url = f"http://127.0.0.1:{http}"
    here = {**environ, **mortal.environ(), "REFERRAL_GUIDES": str(GUIDES), "REFERRAL_WALLET_URL": url}
    settings = Settings.from_env(here)
    ensure_topics(settings, timeout_ms=60_000)
    write_records(settings, (reward_terms(), AMY, api_key("tests", "admin", secret=API_SECRET)))
    with connect_to_redis(settings.redis) as redis, _client(url) as client:
        system = MortalSystem(here, mortal, redis, {"http": http, "ingest": ingest})
        try:
            for name in PROCESSES:
                system.start(name)
            dispatcher = RewardDispatcher(settings, here, client)
            wait_until(lambda: is_ready(client), 120)
            dispatcher.write_rewards(grant(f"rwd_{n}", beneficiary=person_id(f"xhs:friend{n}")) for n in range(REWARDS))
            wait_until(lambda: dispatcher.summary()["by_status"]["fulfilled"] == REWARDS, 120)  # type: ignore[index]
            wait_until(system.is_answering, 120)
            yield system, dispatcher
        finally:
            for process in system.processes.values():
                stop_process(process)


def test_of_many_clients_one_redeems_each_reward_whatever_dies(
    attacked: tuple[MortalSystem, RewardDispatcher],
) -> None:
    """Exactly one success for each reward, by a request or by an order; whoever loses is told the order that won.

    Each success that was answered is on the log once.
    """
    mortal, system = attacked
    codes = [str(system.wallet(f"xhs:friend{number}")[0]["code"]) for number in range(REWARDS)]
    finished = Event()
    attacker = Thread(target=_attack, args=(mortal, finished))
    attacker.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            jobs = [pool.submit(_redeem_all if n % 2 else _order_all, mortal, n, codes) for n in range(CLIENTS)]
            results = [result for job in jobs for result in job.result()]
    finally:
        finished.set()
        attacker.join(60)
    assert min(mortal.injected[fault] for fault in FAULTS) >= 1, mortal.injected
    won = {result.reward: result.order for result in results if result.won}
    assert Counter(result.won for result in results) == {True: REWARDS, False: REWARDS * (CLIENTS - 1)}
    assert len(won) == REWARDS
    for result in results:
        assert result.won or won[result.reward] in result.text, result
    assert _redeemed_on_the_log(system.settings) == won


class Result(NamedTuple):
    """What a client was told about a reward that it wanted to use for its order."""

    reward: str
    order: str
    won: bool
    text: str


def _attack(mortal: MortalSystem, finished: Event) -> None:
    """Injects one fault after the other, each when requests are answered again, until the clients have finished."""
    chance = random.Random(7)
    for fault in FAULTS:
        wait_until(lambda: finished.is_set() or mortal.is_answering(), timeout=120)
        if finished.wait(chance.uniform(0.5, 1.5)):
            return
        mortal.inject(fault)


def _numbers(client: int) -> list[int]:
    """All rewards, in the client's own order."""
    return [(number + client * 7) % REWARDS for number in range(REWARDS)]


def _redeem_all(mortal: MortalSystem, client: int, codes: list[str]) -> list[Result]:
    """A client redeems each code by a request."""
    found = []
    with _client(mortal.url("http")) as mine:
        for number in _numbers(client):
            order = f"order-{client}-{number}"
            body = {"code": codes[number], "order_id": order}
            answer = _final(lambda body=body, order=order: _post(mine, "/v1/redemptions", body, order))  # type: ignore[misc]
            assert answer.status_code in (201, 409), answer.text
            found.append(Result(f"rwd_{number}", order, answer.status_code == 201, answer.text))
    return found


def _order_all(mortal: MortalSystem, client: int, codes: list[str]) -> list[Result]:
    """A client reports an order with each code, twenty at a time and some of them twice, and reads what became of them."""
    buyer, found = f"xhs:buyer{client}", []
    with _client(mortal.url("ingest")) as ingest, _client(mortal.url("http")) as rewards:
        for batch in _batches(_numbers(client)):
            orders = [_order(buyer, f"order-{client}-{number}", codes[number]) for number in batch]
            answer = _final(lambda orders=orders: _post(ingest, "/v1/events", [*orders, orders[0]]))  # type: ignore[misc]
            assert answer.json()["accepted"] == len(orders) + 1, answer.text
            for number in batch:
                order = f"order-{client}-{number}"
                path = f"/v1/programs/{PROGRAM}/people/{buyer}/orders/{order}"
                became = _final(lambda path=path: _decided(rewards.get(path)))  # type: ignore[misc]
                found.append(Result(f"rwd_{number}", order, became.json()["code"] == "taken", became.text))
    return found


def _batches(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]


def _order(buyer: str, order: str, code: str) -> dict[str, object]:
    data = {"order": order, "amount": "100.00", "currency": "CNY", "reward_code": code}
    return event(buyer, "order.paid", number=order, data=data)


def _post(client: httpx.Client, path: str, body: object, key: str | None = None) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})


def _decided(answer: httpx.Response) -> httpx.Response | None:
    """The answer once the order's code was taken or refused."""
    return answer if answer.status_code == 200 and answer.json()["code"] in FINAL else None


def _final(request: Callable[[], httpx.Response | None]) -> httpx.Response:
    """Does as a shop: it sends a request again, with the same key, until it has an answer that is final."""
    while True:
        try:
            answer = request()
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code not in {429, 503}:
            return answer
        time.sleep(0.1)  # as a client backs off


def _redeemed_on_the_log(settings: Settings) -> dict[str, str]:
    """The order that each reward was used for. Copies of a line, which a killed fold leaves, have the same cause."""
    found: dict[str, set[tuple[object, str]]] = {}
    for _, raw in read_lines(settings, REWARDS_TOPIC):
        if raw.startswith(b'{"type":"reward.redeemed"'):
            line = _decode(raw)
            found.setdefault(line.id, set()).add((line.cause, line.order))
    assert all(len(lines) == 1 for lines in found.values()), found
    return {reward: order for reward, lines in found.items() for _, order in lines}
