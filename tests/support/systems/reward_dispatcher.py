"""Reward-dispatcher on a broker and a Redis of the test's own: its HTTP service, and writers to its topics."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import msgspec

from referral.config import Settings
from referral.events.conversions import conversion_key
from referral.events.rewards import reward_key
from referral.topics import CONVERSIONS, REWARDS, Topic
from referral_tools.stack.ports import free_ports
from tests.support.builders.participants import AMY, PROFILES, PROGRAM
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.processes import run_module
from tests.support.records import DirectoryRecord, write_lines, write_records
from tests.support.settings import API_SECRET, AUTHORIZATION, GUIDES, api_key
from tests.support.waiting import is_ready, wait_until

MODULE = "reward_dispatcher"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class RewardDispatcher:
    """The inputs of the service: the catalog, its topics, and HTTP."""

    settings: Settings
    environ: Mapping[str, str]
    client: httpx.Client

    def apply(self, *records: DirectoryRecord) -> None:
        """Writes records to `catalog` and `people`."""
        write_records(self.settings, records)

    def write_rewards(self, lines: Iterable[msgspec.Struct]) -> None:
        """Writes reward lines, as the decide fold or an operator does."""
        self._write(REWARDS, [(reward_key(line), _encode(line)) for line in lines])  # type: ignore[arg-type]

    def write_conversions(self, lines: Iterable[msgspec.Struct]) -> None:
        """Writes conversions, as the screen fold does."""
        self._write(CONVERSIONS, [(conversion_key(line), _encode(line)) for line in lines])  # type: ignore[arg-type]

    def wallet(self, person: str) -> list[dict[str, object]]:
        """Returns a person's rewards."""
        answer = self.client.get(f"/v1/programs/{PROGRAM}/people/{person}/rewards", params={"limit": 1000})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def summary(self) -> dict[str, object]:
        """Returns the program's figures."""
        return dict(self.client.get(f"/v1/programs/{PROGRAM}/rewards/summary").json())

    def _write(self, topic: Topic, keyed: list[tuple[str, bytes]]) -> None:
        write_lines(self.settings, topic, keyed)


@contextmanager
def serve_reward_dispatcher(
    settings: Settings, environ: Mapping[str, str], *records: DirectoryRecord
) -> Iterator[RewardDispatcher]:
    """Yields the service over a directory of these records, or of the Glow program and Amy; with an API key for everything."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    here = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_GUIDES": str(GUIDES), "REFERRAL_WALLET_URL": url}
    apart = httpx.Limits(
        max_keepalive_connections=0
    )  # the server closes idle connections, and a busy client sends then
    with (
        run_module(here, MODULE, "http"),
        httpx.Client(base_url=url, headers=AUTHORIZATION, timeout=150, limits=apart) as client,
    ):
        system = RewardDispatcher(settings, here, client)
        system.apply(*(records or (reward_terms(), AMY, PROFILES[0])), api_key("tests", "admin", secret=API_SECRET))
        wait_until(lambda: is_ready(client))
        yield system
