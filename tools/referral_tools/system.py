"""The whole system on this machine: the stack, the topics, every service process. One table lists what runs where."""

import contextlib
import os
import random
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from referral.catalog.writer import CatalogWriter
from referral.clock import clock_from
from referral.config import Settings
from referral.events import ids
from referral.events.entities import ApiKey
from referral.events.timestamps import to_datetime
from referral.http.api_keys import generate_secret
from referral.http.bearer_token import secret_digest
from referral.log.acl_admin import ensure_acls
from referral.log.errors import NotDurable
from referral.log.topic_admin import ensure_topics
from referral_tools.private_files import load_or_create_secret
from referral_tools.run_file import RunningSystem
from referral_tools.stack.front_door import front_door
from referral_tools.stack.ports import PortTaken, refuse_taken, stack_ports
from referral_tools.stack.process import Process
from referral_tools.stack.security import StackSecurity
from referral_tools.stack.stack import Stack
from referral_tools.stack.supervisor import SupervisedProcess, Supervisor


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process: its name, the module and words it is run with, and its port above the base."""

    name: str
    module: str
    words: tuple[str, ...]
    port: int

    @property
    def service(self) -> str:
        """The service that it belongs to."""
        return self.module.replace("_", "-")

    @property
    def serves(self) -> bool:
        """Whether it is an HTTP service; folds and workers only show health and metrics on their port."""
        return self.words == ("http",)


TABLE = (
    ProcessRow("link-issuer", "link_issuer", ("http",), 1),
    ProcessRow("conversion-tracker", "conversion_tracker", ("http",), 2),
    ProcessRow("reward-dispatcher", "reward_dispatcher", ("http",), 3),
    ProcessRow("leaderboard", "leaderboard", ("http",), 4),
    ProcessRow("attribute", "conversion_tracker", ("fold", "attribute"), 12),
    ProcessRow("screen", "conversion_tracker", ("fold", "screen"), 22),
    ProcessRow("decide", "reward_dispatcher", ("fold", "decide"), 13),
    ProcessRow("ledger", "reward_dispatcher", ("fold", "ledger"), 23),
    ProcessRow("delivery", "reward_dispatcher", ("worker",), 33),
    ProcessRow("boards", "leaderboard", ("fold", "boards"), 14),
    ProcessRow("growth", "leaderboard", ("fold", "growth"), 24),
    ProcessRow("activity", "leaderboard", ("fold", "activity"), 34),
)
SERVICES = tuple(row.name for row in TABLE if row.serves)
FRONT_PORT = 0  # above the base, as for the rows
PORTS = (FRONT_PORT, *(row.port for row in TABLE))


class System:
    """All processes over one data folder. A context manager: up when entered, gone when left."""

    def __init__(
        self,
        home: Path,
        port_base: int,
        overrides: Mapping[str, str] | None = None,
        var: Path = Path("var"),
        security: StackSecurity | None = None,
    ) -> None:
        self.home = home
        self._base = port_base
        self.stack = Stack(home, port_base, var, security)
        self.services = {row.name: f"http://127.0.0.1:{port_base + row.port}" for row in TABLE if row.serves}
        self.front = f"http://127.0.0.1:{port_base + FRONT_PORT}"
        self.environ = self._environment() | dict(overrides or {})
        self.settings = Settings.from_env({**os.environ, **self.environ})
        self._supervisor = Supervisor()
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        refuse_taken(tuple(self._base + port for port in PORTS))
        try:
            self.stack.start()
            ensure_topics(self.settings)
            if self.stack.security is not None:
                ensure_acls(self.settings, {service: service for service in SERVICES})
            self._supervisor.start([*(self._supervised_process(row) for row in TABLE), self._supervised_front_door()])
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the services, then the stack."""
        self._supervisor.stop()
        self.stack.stop()

    def address(self, name: str) -> str:
        """Where a process shows its health: services on their own port, folds and workers beside their work."""
        ports = {row.name: row.port for row in TABLE} | {"front-door": FRONT_PORT}
        return f"http://127.0.0.1:{self._base + ports[name]}"

    def is_ready(self, name: str) -> bool:
        """Whether a process is ready. The front door shows no `/readyz` to anyone: it is ready once it answers."""
        path = "healthz" if name == "front-door" else "readyz"
        return is_reachable(f"{self.address(name)}/{path}")

    def wait(self) -> None:
        """Returns at SIGINT or SIGTERM. Raises ProcessUnhealthy if a process dies before, the broker and Redis included."""
        self._supervisor.wait(also=(self.stack.kafka_process, self.stack.redis_process))

    def make_key(self, name: str = "development") -> str:
        """Puts an API key that may do everything into the catalog, and gives its secret: the same for the same data."""
        secret = self.settings.dev_key or load_or_create_secret(self.home / "api-key", generate_secret)
        writer = CatalogWriter(self.settings, clock_from(self.settings.clock))
        now = to_datetime(clock_from(self.settings.clock).now_ms())
        key = ApiKey(
            recorded_at=now, id=ids.derive_id("key", secret), digest=secret_digest(secret), name=name, scopes=("admin",)
        )
        _put(writer, key)
        writer.close()
        return secret

    def describe(self, key: str) -> RunningSystem:
        """Returns where this system is, with an API key, for its run.json."""
        return RunningSystem(self.front, self.services, key, self.stack.kafka, self.stack.redis)

    def process(self, row: ProcessRow, environ: Mapping[str, str] | None = None, wrap: tuple[str, ...] = ()) -> Process:
        """The process of a row, not started. A chaos test gives it settings of its own, or a module that wraps it."""
        own = self.stack.environ(row.service, row.name) | {
            "REFERRAL_HTTP_PORT": str(self._base + row.port),
            "REFERRAL_METRICS_PORT": "0" if row.serves else str(self._base + row.port),
            "REFERRAL_WORKER": "1",
        }
        command = [sys.executable, "-m", *wrap, row.module, *row.words]
        log = self.home / "logs" / f"{row.name}.log"
        return Process(row.name, command, log, self.environ | own | dict(environ or {}))

    def _supervised_front_door(self) -> SupervisedProcess:
        process = front_door(self.home, self._base + FRONT_PORT, self.services, self.settings.max_body)
        self.processes[process.name] = process
        return SupervisedProcess(process, lambda: self.is_ready(process.name))

    def _supervised_process(self, row: ProcessRow) -> SupervisedProcess:
        self.processes[row.name] = self.process(row)
        return SupervisedProcess(self.processes[row.name], lambda: self.is_ready(row.name))

    def _environment(self) -> dict[str, str]:
        return {
            **self.stack.environ(),
            "REFERRAL_SIGNING_KEY": load_or_create_secret(self.home / "signing-key", lambda: secrets.token_urlsafe(48)),
            "REFERRAL_PUBLIC_URL": self.front,
            "REFERRAL_WALLET_URL": self.front,
            "REFERRAL_BOARD_URL": self.front,
            "REFERRAL_PROXIES": "1",
            "REFERRAL_LEADERBOARD": self.services["leaderboard"],
            "REFERRAL_WEBHOOK_LOOPBACK": "true",
            "PYTHONDONTWRITEBYTECODE": "",  # a dozen processes start from the same modules: compile each once
        }


def _put(writer: CatalogWriter, key: ApiKey) -> None:
    """Writes a key, again where a machine that is busy starting did not acknowledge in time: it is the same record."""
    for tries_left in reversed(range(10)):
        try:
            writer.write([key])
        except NotDurable:
            if not tries_left:
                raise
        else:
            return


def free_base() -> int:
    """A base whose ports are all free, below the kernel's range for outgoing connections. Raises PortTaken."""
    for base in random.SystemRandom().sample(range(10_000, 20_000, 100), 100):
        with contextlib.suppress(PortTaken):
            stack_ports(base)
            refuse_taken(tuple(base + port for port in PORTS))
            return base
    raise PortTaken("no hundred ports in a row are free from 10000 to 19999")


def is_reachable(address: str) -> bool:
    """Whether a GET of this address is answered with success."""
    try:
        with urllib.request.urlopen(address, timeout=2) as response:  # noqa: S310 - always one of our own addresses  # nosec B310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
