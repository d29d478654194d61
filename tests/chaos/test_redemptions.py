"""R7: many clients want each of many rewards, at the checkout and by orders, while every process is killed and Redis loses all."""

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from referral.config import Settings
from referral.events.redemptions import RewardRedeemed
from referral.topics import EVENTS, REWARDS
from referral_tools.cli import main
from referral_tools.stack.stack import Stack
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.builders.reward_dispatcher import fixed_code
from tests.support.chaos.mortal_shop import FAULTS, MortalShop, Progress, mortal_shop
from tests.support.log_reader import read_lines
from tests.support.settings import API_SECRET, AUTHORIZATION
from tests.support.systems.reward_dispatcher import RewardDispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.chaos

AMOUNT = 3_000  # fen of each reward; every use takes all of it
_EVENTS_AT_ONCE = 5
_decode = msgspec.json.Decoder(RewardRedeemed).decode


@dataclass
class Journal:
    """What the system has acknowledged to one client: by reward the order that it was used for, or why it was not."""

    used: dict[str, str] = field(default_factory=dict)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The reason, and the answer in words."""
    events: list[str] = field(default_factory=list)
    """The ids of accepted events."""


@dataclass
class Run:
    """One run: the rewards with their codes, and the progress of all clients."""

    shop: MortalShop
    codes: Mapping[str, str]
    progress: Progress

    def play(self, clients: int) -> list[Journal]:
        """The journals of all clients; every other one reports orders, the others reserve and capture."""
        with ThreadPoolExecutor(clients) as pool:
            futures = [pool.submit(self._client, number) for number in range(clients)]
            try:
                return [future.result() for future in futures]
            finally:
                self.progress.abort()

    def _client(self, number: int) -> Journal:
        url = self.shop.ingest_url if number % 2 else self.shop.redemption_url
        names = list(self.codes)
        first = number * 7 % len(names)
        order = [*names[first:], *names[:first]]
        try:
            with httpx.Client(base_url=url, headers=AUTHORIZATION, timeout=150) as client:
                return self._report(client, number, order) if number % 2 else self._reserve(client, number, order)
        except BaseException:
            self.progress.abort()
            raise

    def _reserve(self, client: httpx.Client, number: int, rewards: Sequence[str]) -> Journal:
        """A checkout: holds each reward by its code, and captures what it holds."""
        journal = Journal()
        for reward in rewards:
            self.progress.admit()
            order = f"checkout-{number}-{reward}"
            held = post(client, "/v1/redemptions/holds", {"code": self.codes[reward], "order_id": order}, order)
            if held.status_code == 201:
                captured = post(client, f"/v1/redemptions/holds/{held.json()['id']}/capture", {}, f"{order}-capture")
                assert captured.status_code == 200, captured.text
                journal.used[reward] = order
            else:
                assert held.status_code == 409, held.text
                journal.refused[reward] = held.json()["code"], held.json()["detail"]
            self.progress.count()
        return journal

    def _report(self, client: httpx.Client, number: int, rewards: Sequence[str]) -> Journal:
        """A shop that reports paid orders with the codes, a few at once."""
        journal = Journal()
        for start in range(0, len(rewards), _EVENTS_AT_ONCE):
            self.progress.admit()
            lot = [self._paid(number, reward) for reward in rewards[start : start + _EVENTS_AT_ONCE]]
            answer = post(client, "/v1/events", lot, None)
            assert answer.json()["accepted"] == len(lot), answer.text
            journal.events += [str(one["id"]) for one in lot]
            self.progress.count(len(lot))
        return journal

    def _paid(self, number: int, reward: str) -> dict[str, object]:
        return {
            "id": f"evt_{number}_{reward}",
            "type": "order.paid",
            "program": PROGRAM,
            "person": buyer(number),
            "occurred_at": datetime.now(UTC).isoformat(),
            "data": {
                "order": paid_order(number, reward),
                "amount": "70.00",
                "currency": "CNY",
                "reward_code": self.codes[reward],
            },
        }

    def read_outcomes(self, journals: Sequence[Journal]) -> None:
        """Adds to the journals what came of the reported orders, once each is decided."""
        numbers = range(1, len(journals), 2)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: self._read_outcomes(number, journals[number]), numbers))

    def _read_outcomes(self, number: int, journal: Journal) -> None:
        with httpx.Client(base_url=self.shop.redemption_url, headers=AUTHORIZATION, timeout=150) as client:
            for reward in self.codes:
                found = wait_until(lambda reward=reward: decided_order(client, number, reward), timeout=240)  # type: ignore[misc]
                if found["code"] == "taken":
                    journal.used[reward] = paid_order(number, reward)
                else:
                    journal.refused[reward] = found["reason"], found["detail"]


def buyer(number: int) -> str:
    """Returns the external id of the buyer of a client's orders."""
    return f"xhs:buyer{number}"


def paid_order(number: int, reward: str) -> str:
    """Returns the id of the order that a client pays with the code of a reward."""
    return f"paid-{number}-{reward}"


def post(client: httpx.Client, path: str, body: object, key: str | None) -> httpx.Response:
    """Sends a request again, with the same key, until it has an answer that is final, as a shop does."""
    headers = {"Idempotency-Key": key} if key else {}
    while True:
        try:
            answer = client.post(path, json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(0.1)  # as a client backs off
            continue
        if answer.status_code not in {429, 503}:
            return answer
        time.sleep(0.05)


def decided_order(client: httpx.Client, number: int, reward: str) -> dict[str, str] | None:
    """Returns the order of a client for a reward once its code was taken or refused."""
    path = f"/v1/programs/{PROGRAM}/people/{buyer(number)}/orders/{paid_order(number, reward)}"
    try:
        answer = client.get(path)
    except httpx.TransportError:
        return None
    found: dict[str, str] = answer.json()
    return found if answer.status_code == 200 and found["code"] in ("taken", "refused") else None


@pytest.mark.parametrize(
    ("clients", "rewards", "rounds"),
    [
        pytest.param(12, 20, 1, id="short"),
        pytest.param(64, 100, 2, id="long", marks=[pytest.mark.chaos_long, pytest.mark.timeout(1_500)]),
    ],
)
def test_each_reward_is_used_once_whatever_dies(
    mortal: Stack, environ: dict[str, str], clients: int, rewards: int, rounds: int
) -> None:
    """Exactly one success for each reward, at a checkout or by an order; nothing that was acknowledged is lost or taken back."""
    chance = random.Random(7)
    faults = tuple(fault for _ in range(rounds) for fault in chance.sample(FAULTS, len(FAULTS)))
    with mortal_shop(mortal, environ) as (shop, system):
        run = Run(shop, give_rewards(system, rewards), Progress(clients * rewards, len(faults)))
        with ThreadPoolExecutor(1) as pool:
            playing = pool.submit(run.play, clients)
            try:
                shop.attack(faults, run.progress)
            finally:
                run.progress.abort()
            journals = playing.result()
        assert shop.injected == dict.fromkeys(FAULTS, rounds)
        run.read_outcomes(journals)

        winners = winners_of(journals)
        assert {reward: len(orders) for reward, orders in winners.items()} == dict.fromkeys(run.codes, 1)
        won = {reward: orders[0] for reward, orders in winners.items()}
        assert {order.partition("-")[0] for order in won.values()} == {"checkout", "paid"}, "each way has won some"
        check_refusals(journals, won)
        assert uses_on_the_log(shop.settings) == {reward: [(order, AMOUNT)] for reward, order in won.items()}
        posted = {event for journal in journals for event in journal.events}
        assert posted == events_on_the_log(shop.settings)
        assert {system.client.get(f"/v1/codes/{code}").json()["left"] for code in run.codes.values()} == {0}
        check_balances(system)


def give_rewards(system: RewardDispatcher, count: int) -> dict[str, str]:
    """Gives rewards to as many friends; returns their codes."""
    lines = [replace(fixed_code(f"rwd_{n}", AMOUNT), beneficiary=person_id(f"xhs:friend{n}")) for n in range(count)]
    system.write_rewards(lines)
    wait_until(lambda: system.summary()["by_status"]["fulfilled"] == count, timeout=240)  # type: ignore[index]
    return {line.id: str(system.client.get(f"/v1/rewards/{line.id}").json()["code"]) for line in lines}


def winners_of(journals: Sequence[Journal]) -> dict[str, list[str]]:
    """Returns the orders that each reward was used for."""
    winners = defaultdict(list)
    for journal in journals:
        for reward, order in journal.used.items():
            winners[reward].append(order)
    return winners


def check_refusals(journals: Sequence[Journal], won: Mapping[str, str]) -> None:
    """Each client has an answer about every reward; those who were late are told which order has won."""
    for journal in journals:
        assert journal.used.keys() | journal.refused.keys() == won.keys()
        for reward, (reason, detail) in journal.refused.items():
            assert reason in ("already_redeemed", "held_for_order"), (reward, reason, detail)
            assert reason == "held_for_order" or won[reward] in detail, (reward, detail)


def uses_on_the_log(settings: Settings) -> dict[str, list[tuple[str, int]]]:
    """Returns the uses of each reward: order and amount. Copies of a line, which a killed fold leaves, have the same cause."""
    found: dict[str, dict[object, tuple[str, int]]] = defaultdict(dict)
    for _, raw in read_lines(settings, REWARDS):
        if raw.startswith(b'{"type":"reward.redeemed"'):
            line = _decode(raw)
            assert line.value is not None
            found[line.id][line.cause] = line.order, line.value.amount
    return {reward: list(lines.values()) for reward, lines in found.items()}


def events_on_the_log(settings: Settings) -> set[str]:
    """Returns the ids of the orders that were paid."""
    lines = [msgspec.json.decode(raw) for _, raw in read_lines(settings, EVENTS)]
    return {line["id"] for line in lines if line["type"] == "order.paid"}


def check_balances(system: RewardDispatcher) -> None:
    """What the ledger has is what the lines of the log add up to."""
    environ = {**system.environ, "REFERRAL_URL": str(system.client.base_url), "REFERRAL_KEY": API_SECRET}
    result = CliRunner().invoke(main, ["rewards", "reconcile", PROGRAM], env=environ)
    assert result.exit_code == 0, result.output
