"""The whole system on this machine: the stack, the topics, every service process. One table lists what runs where."""

import contextlib
import os
import random
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from referral.config import Settings
from referral.log.acl_admin import ensure_acls
from referral.log.topic_admin import ensure_topics
from referral_tools.development_key import write_development_key
from referral_tools.private_files import load_or_create_secret
from referral_tools.run_file import RunningSystem
from referral_tools.stack.cluster_stack import ClusterStack
from referral_tools.stack.fork_server import ForkServer
from referral_tools.stack.forked_process import ForkedProcess
from referral_tools.stack.front_door import front_door
from referral_tools.stack.ports import PortTaken, cluster_ports, refuse_taken, stack_ports
from referral_tools.stack.process import Process
from referral_tools.stack.restart_policy import RestartPolicy
from referral_tools.stack.security import StackSecurity
from referral_tools.stack.stack import Stack
from referral_tools.stack.supervisor import SupervisedProcess, Supervisor

_SECOND_WORKERS = 40  # above the port of the first


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process: its name, the module and words it is run with, its port above the base, its worker slot."""

    name: str
    module: str
    words: tuple[str, ...]
    port: int
    slot: int = 1

    @property
    def service(self) -> str:
        """The service that it belongs to."""
        return self.module.replace("_", "-")

    @property
    def serves(self) -> bool:
        """Whether it is an HTTP service; folds and workers only show health and metrics on their port."""
        return self.words == ("http",)

    @property
    def redis_user(self) -> str:
        """Its user at Redis, the same for all workers of a fold; the directory's process does not connect to Redis."""
        if self.words == ("directory",):
            return self.service
        return self.name if self.slot == 1 else self.name.removesuffix(f"-{self.slot}")

    def second_worker(self) -> "ProcessRow":
        """The second worker of this fold or worker."""
        return replace(self, name=f"{self.name}-2", port=self.port + _SECOND_WORKERS, slot=2)


TABLE = (
    ProcessRow("link-issuer", "link_issuer", ("http",), 1),
    ProcessRow("conversion-tracker", "conversion_tracker", ("http",), 2),
    ProcessRow("reward-dispatcher", "reward_dispatcher", ("http",), 3),
    ProcessRow("leaderboard", "leaderboard", ("http",), 4),
    ProcessRow("attribute", "conversion_tracker", ("fold", "attribute"), 12),
    ProcessRow("screen", "conversion_tracker", ("fold", "screen"), 22),
    ProcessRow("decide", "reward_dispatcher", ("fold", "decide"), 13),
    ProcessRow("ledger", "reward_dispatcher", ("fold", "ledger"), 23),
    ProcessRow("pools", "reward_dispatcher", ("fold", "pools"), 43),
    ProcessRow("delivery", "reward_dispatcher", ("worker",), 33),
    ProcessRow("deliveries", "reward_dispatcher", ("fold", "deliveries"), 32),
    ProcessRow("boards", "leaderboard", ("fold", "boards"), 14),
    ProcessRow("growth", "leaderboard", ("fold", "growth"), 24),
    ProcessRow("activity", "leaderboard", ("fold", "activity"), 34),
    ProcessRow("closings", "leaderboard", ("fold", "closings"), 31),
    ProcessRow("prizes", "reward_dispatcher", ("fold", "prizes"), 42),
    ProcessRow("experiments", "leaderboard", ("fold", "experiments"), 21),
)
DIRECTORY = ProcessRow("directory", "link_issuer", ("directory",), 11)
"""Writes the directory of this host. A container has a directory of its own, which its process writes."""
SERVICES = tuple(row.name for row in TABLE if row.serves)


_BUSY_FOLDS = {"attribute", "screen", "decide", "ledger"}
"""Folds with a process of their own: in one interpreter with others they would wait for it, and each referral would cost more."""


def _sharing_processes(table: Sequence[ProcessRow]) -> tuple[ProcessRow, ...]:
    """The rows with one for all folds of a service but the busy ones, in place of the first of them and on its port."""
    rows: dict[str, ProcessRow] = {}
    for row in table:
        name = f"{row.service}-folds" if row.words[0] == "fold" and row.name not in _BUSY_FOLDS else row.name
        before = rows.get(name, replace(row, name=name, words=row.words[:1]))
        rows[name] = replace(before, words=(*before.words, *row.words[1:]))
    return tuple(rows.values())


COMPACT_TABLE = _sharing_processes(TABLE)
CLUSTER_TABLE = (*TABLE, *(row.second_worker() for row in TABLE if not row.serves))
FRONT_PORT = 0  # above the base, as for the rows
LIVE_PORT = 5  # on which leaderboard serves live streams
PORTS = (FRONT_PORT, LIVE_PORT, DIRECTORY.port, *(row.port for row in TABLE))


class System:
    """All processes over one data folder. A context manager: up when entered, gone when left.

    With `cluster`: on three brokers and a Redis Cluster, two workers a fold, and what ends is started again (without `security`).
    """

    def __init__(
        self,
        home: Path,
        port_base: int,
        overrides: Mapping[str, str] | None = None,
        var: Path = Path("var"),
        security: StackSecurity | None = None,
        *,
        cluster: bool = False,
        compact: bool = False,
    ) -> None:
        """`compact` saves memory and processor time: processes are forked from one that has imported their modules, and most folds
        of a service share a process (in a cluster each has its own).
        """
        self._fork_server = ForkServer() if compact else None  # first: the stack starts threads
        self.home = home
        self._base = port_base
        self.rows = (DIRECTORY, *(CLUSTER_TABLE if cluster else COMPACT_TABLE if compact else TABLE))
        self.stack = ClusterStack(home, port_base, var) if cluster else Stack(home, port_base, var, security)
        self._restarts = RestartPolicy() if cluster else None
        self.services = {row.name: f"http://127.0.0.1:{port_base + row.port}" for row in TABLE if row.serves}
        self.front = f"http://127.0.0.1:{port_base + FRONT_PORT}"
        self.environ = self._environment() | dict(overrides or {})
        self.settings = Settings.from_env({**os.environ, **self.environ})
        self._supervisor = Supervisor()
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        refuse_taken(tuple(self._base + port for port in (FRONT_PORT, LIVE_PORT, *(row.port for row in self.rows))))
        try:
            self.stack.start()
            ensure_topics(self.settings)
            if self.stack.security is not None:
                ensure_acls(self.settings, {service: service for service in SERVICES})
            rows = [self._supervised_process(row) for row in self.rows]
            self._supervisor.start([*rows, self._supervised_front_door()])
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
        if self._fork_server is not None:
            self._fork_server.close()

    def address(self, name: str) -> str:
        """Where a process shows its health: services on their own port, folds and workers beside their work."""
        ports = {row.name: row.port for row in self.rows} | {"front-door": FRONT_PORT}
        return f"http://127.0.0.1:{self._base + ports[name]}"

    def is_ready(self, name: str) -> bool:
        """Whether a process is ready. The front door shows no `/readyz` to anyone: it is ready once it answers."""
        path = "healthz" if name == "front-door" else "readyz"
        return is_reachable(f"{self.address(name)}/{path}")

    def wait(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Returns at SIGINT or SIGTERM. Raises ProcessUnhealthy if a process dies before, the broker and Redis included.

        In a cluster it is started again some seconds later, and `report` gets a sentence for each.
        """
        self._supervisor.wait(self.stack.processes, self._restarts, report)

    def start_stalled(self) -> None:
        """Starts the processes again that have ended because they were stalled, as `wait` does."""
        self._supervisor.start_stalled()

    def make_key(self, name: str = "development") -> str:
        """Puts an API key that may do everything into the catalog, and gives its secret: the same for the same data."""
        return write_development_key(self.settings, self.home, name)

    def describe(self, key: str) -> RunningSystem:
        """Returns where this system is, with an API key, for its run.json."""
        return RunningSystem(
            self.front,
            self.services,
            key,
            self.stack.kafka,
            self.stack.redis,
            self.settings.directory,
            self.settings.replication,
        )

    def process(self, row: ProcessRow, environ: Mapping[str, str] | None = None, wrap: tuple[str, ...] = ()) -> Process:
        """The process of a row, not started. A chaos test gives it settings of its own, or a module that wraps it."""
        own = self.stack.environ(row.service, row.redis_user) | {
            "REFERRAL_HTTP_PORT": str(self._base + row.port),
            "REFERRAL_METRICS_PORT": "0" if row.serves else str(self._base + row.port),
            "REFERRAL_WORKER": str(row.slot),
            "REFERRAL_LIVE_PORT": str(self._base + LIVE_PORT) if row.name == "leaderboard" else "0",
        }
        log = self.home / "logs" / f"{row.name}.log"
        environ = self.environ | own | dict(environ or {})
        one_worker = (
            self.settings.http_workers == 1
        )  # for several, prometheus_client has to find a variable at its import
        if self._fork_server is not None and not wrap and one_worker:
            return ForkedProcess(self._fork_server, row.name, row.module, row.words, log, environ)
        command = [sys.executable, "-m", *wrap, row.module, *row.words]
        return Process(row.name, command, log, environ)

    def _supervised_front_door(self) -> SupervisedProcess:
        services = self.services | {"leaderboard-live": f"http://127.0.0.1:{self._base + LIVE_PORT}"}
        process = front_door(self.home, self._base + FRONT_PORT, services, self.settings.max_body)
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
            "REFERRAL_DIRECTORY": str(self.home.resolve() / "directory"),
            "REFERRAL_LINK_ISSUER": self.services["link-issuer"],
            "REFERRAL_LEADERBOARD": self.services["leaderboard"],
            "REFERRAL_CONVERSION_TRACKER": self.services["conversion-tracker"],
            "REFERRAL_REWARD_DISPATCHER": self.services["reward-dispatcher"],
            "REFERRAL_WEBHOOK_LOOPBACK": "true",
            "PYTHONDONTWRITEBYTECODE": "",  # a dozen processes start from the same modules: compile each once
        }


def free_base() -> int:
    """A base whose ports are all free, below the kernel's range for outgoing connections. Raises PortTaken."""
    for base in random.SystemRandom().sample(range(10_000, 20_000, 100), 100):
        with contextlib.suppress(PortTaken):
            stack_ports(base)
            cluster_ports(base)
            refuse_taken(
                (
                    base + FRONT_PORT,
                    base + LIVE_PORT,
                    base + DIRECTORY.port,
                    *(base + row.port for row in CLUSTER_TABLE),
                )
            )
            return base
    raise PortTaken("no hundred ports in a row are free from 10000 to 19999")


def is_reachable(address: str) -> bool:
    """Whether a GET of this address is answered with success."""
    try:
        with urllib.request.urlopen(address, timeout=2) as response:  # noqa: S310 - always one of our own addresses  # nosec B310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
