"""Reward-dispatcher as it runs: its processes on a broker and a Redis of the test's own, and the ways in and out."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.conversions import conversion_key
from referral.events.entities import ApiKey, CatalogEntity
from referral.events.rewards import reward_key
from referral.http.bearer_token import secret_digest
from referral.log.publisher import Publisher
from referral.topics import CONVERSIONS, REWARDS
from referral_tools.stack.ports import free_ports
from tests.support.builders.reward_dispatcher import AMY, START, terms
from tests.support.waiting import ready, until

SECRET = "rk_a-secret-that-only-tests-use-0123456789"
GUIDES = Path(__file__).parents[3] / "examples" / "guides"
_encode = msgspec.json.Encoder().encode


@contextmanager
def running(
    environ: Mapping[str, str], *arguments: str, module: str = "reward_dispatcher"
) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m reward_dispatcher ARGUMENTS` while the block lasts."""
    process = start(environ, *arguments, module=module)
    try:
        yield process
    finally:
        stop(process)


def start(environ: Mapping[str, str], *arguments: str, module: str = "reward_dispatcher") -> "subprocess.Popen[bytes]":
    """Starts a process of the service."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, env={**os.environ, **environ})


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process, by force where it will not go."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


@dataclass(frozen=True)
class System:
    """The ways in: the catalog, the log, and HTTP."""

    settings: Settings
    environ: Mapping[str, str]
    client: httpx.Client

    def apply(self, *entities: CatalogEntity) -> None:
        """Writes to the catalog."""
        writer = CatalogWriter(self.settings, SystemClock())
        writer.write(entities, timeout=10)
        writer.close()

    def say(self, lines: Iterable[msgspec.Struct]) -> None:
        """Writes reward lines, as the other fold or an operator would."""
        self._write(REWARDS, [(reward_key(line), _encode(line)) for line in lines])  # type: ignore[arg-type]

    def convert(self, lines: Iterable[msgspec.Struct]) -> None:
        """Writes conversions, as the screen fold would."""
        self._write(CONVERSIONS, [(conversion_key(line), _encode(line)) for line in lines])  # type: ignore[arg-type]

    def wallet(self, person: str) -> list[dict[str, object]]:
        """A person's rewards."""
        answer = self.client.get(f"/v1/programs/prg_glow/people/{person}/rewards", params={"limit": 1000})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def summary(self) -> dict[str, object]:
        """The program's figures."""
        return dict(self.client.get("/v1/programs/prg_glow/rewards/summary").json())

    def _write(self, topic: object, keyed: list[tuple[str, bytes]]) -> None:
        collector = Publisher(self.settings)
        collector.submit_many(topic, keyed).wait(10)  # type: ignore[arg-type]
        collector.close()


@contextmanager
def served(settings: Settings, environ: Mapping[str, str], *entities: CatalogEntity) -> Iterator[System]:
    """The HTTP service over a catalog with the Glow program, Amy and an API key for everything."""
    [port] = free_ports(1)
    here = {**environ, "REFERRAL_HTTP_PORT": str(port), "REFERRAL_GUIDES": str(GUIDES)}
    url = f"http://127.0.0.1:{port}"
    here["REFERRAL_WALLET_URL"] = url
    key = ApiKey(recorded_at=START, id="key_tests", digest=secret_digest(SECRET), name="tests", scopes=("admin",))
    with (
        running(here, "http"),
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {SECRET}"}, timeout=30) as client,
    ):
        system = System(settings, here, client)
        system.apply(*(entities or (terms(), AMY)), key)
        until(lambda: ready(client))
        yield system
