"""What measurements run in: one stack, and service processes started when a measurement wants them."""

import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count

from kafka import KafkaConsumer

from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import ApiKey, Participant, ProgramVersion
from referral.events.people import Profile
from referral.events.program import Program
from referral.events.screening import Screening, VelocityPerMinute
from referral.events.timestamps import to_datetime
from referral.http.bearer_token import secret_digest
from referral.log.topic_admin import ensure_topics
from referral.people.people_writer import PeopleWriter
from referral.people.pseudonyms import Pseudonyms
from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import Process
from referral_tools.stack.stack import Stack
from referral_tools.system import is_reachable

_databases = count(1)  # of Redis: a database of another measurement would have states of another log
PROGRAM = "prg_bench"
KEY = "rk_benchmark"
_LONG_AGO_MS = 1_600_000_000_000
BENCH_PROGRAM = Program(
    id=PROGRAM,
    name={"en": "Bench"},
    timezone="Asia/Shanghai",
    target_url="https://example.com/follow",
    channels=("wechat",),
    # A load brings more a minute than friends can follow; what is held would spare the folds after it their work.
    screening=Screening(velocity_per_minute=VelocityPerMinute(action="ignore")),
)


class World:
    """A stack with a catalog, whose topics and Redis database belong to one measurement."""

    def __init__(self, stack: Stack, name: str, partitions: int = 8) -> None:
        self.stack = stack
        self.environ = {
            "REFERRAL_KAFKA": stack.kafka,
            "REFERRAL_REDIS": stack.redis.removesuffix("/0") + f"/{next(_databases)}",
            "REFERRAL_TOPIC_PREFIX": f"bench-{name}-{secrets.token_hex(3)}.",
            "REFERRAL_SIGNING_KEY": "a signing key for benchmarks, long enough",
            "REFERRAL_PARTITIONS": str(partitions),
            "REFERRAL_DIRECTORY": str(stack.home / f"directory-{name}"),
            "REFERRAL_LOG_LEVEL": "warning",
            "REFERRAL_CLICKS_PER_MINUTE": "1000000",  # every click is recorded, as those of different visitors are
        }
        self.settings = Settings.from_env(self.environ)
        self.pseudonyms = Pseudonyms(self.settings.key_ring())
        ensure_topics(self.settings)

    def fill_catalog(self, participants: int, first: int = 0) -> list[Participant]:
        """A program, a key that may do everything, and so many participants (codes BENCH0, BENCH1, …), all from long ago.

        `first` is the number of the first of them.
        """
        return fill_catalog(self.settings, participants, BENCH_PROGRAM, first)

    @contextmanager
    def process(
        self, module: str, *words: str, environ: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Process, str]]:
        """A service process, ready, and its address."""
        with ExitStack() as stack:
            process, address = self.start(stack, module, *words, environ=environ)
            self.await_ready(process, address, "/nothing" if module.endswith("bare_flask") else "/readyz")
            yield process, address

    def start(
        self, stack: ExitStack, module: str, *words: str, environ: Mapping[str, str] | None = None
    ) -> tuple[Process, str]:
        """A service process that was started, and its address; it ends with the stack."""
        (port,) = free_ports(1)
        ports = {"REFERRAL_HTTP_PORT": str(port), "REFERRAL_METRICS_PORT": str(port)}
        name = "-".join((module.rpartition(".")[2], *words))
        command = [sys.executable, "-m", module, *words]
        log = self.stack.home / "logs" / f"{name}.log"
        process = Process(name, command, log, self.environ | ports | dict(environ or {}))
        process.start()
        stack.callback(process.terminate)
        return process, f"http://127.0.0.1:{port}"

    def await_ready(self, process: Process, address: str, path: str = "/readyz") -> None:
        """Returns once a process is ready; a first build of the directory may take minutes."""
        process.wait_healthy(lambda: _up(address + path), 300)

    def consumer(self) -> KafkaConsumer:
        """A client of the broker, subscribed to nothing."""
        return KafkaConsumer(bootstrap_servers=self.stack.kafka, enable_auto_commit=False)


def fill_catalog(settings: Settings, participants: int, program: Program, first: int = 0) -> list[Participant]:
    """Writes the program, the key and so many participants with their profiles into the system with these settings."""
    settings = replace(settings, ack_timeout_ms=60_000)  # thousands of records are sent at once
    then, pseudonyms = to_datetime(_LONG_AGO_MS), Pseudonyms(settings.key_ring())
    numbers = range(first, first + participants)
    people = [
        Participant(
            recorded_at=then,
            id=pseudonyms.person_id(program.id, f"xhs:p{number}"),
            program=program.id,
            code=f"BENCH{number}",
        )
        for number in numbers
    ]
    _write_profiles(settings, people, numbers)
    key = ApiKey(recorded_at=then, id="key_bench", digest=secret_digest(KEY), name="bench", scopes=("admin",))
    version = ProgramVersion(recorded_at=then, program=program, version=1, effective_from=then)
    writer = CatalogWriter(settings, SystemClock())
    writer.write([version, key, *people], timeout=60)
    writer.close()
    return people


def add_version(settings: Settings, program: Program, version: int) -> None:
    """Writes a further version of the program, in effect from long ago, and returns once it is durable."""
    then = to_datetime(_LONG_AGO_MS)
    writer = CatalogWriter(replace(settings, ack_timeout_ms=60_000), SystemClock())
    writer.write([ProgramVersion(recorded_at=then, program=program, version=version, effective_from=then)], timeout=60)
    writer.close()


def _write_profiles(settings: Settings, people: Sequence[Participant], numbers: Iterable[int]) -> None:
    """Who the participants are."""
    profiles = [
        Profile(
            recorded_at=one.recorded_at,
            id=one.id,
            program=one.program,
            external_id=f"xhs:p{number}",
            display_name=f"Person {number}",
        )
        for one, number in zip(people, numbers, strict=True)
    ]
    writer = PeopleWriter(settings, SystemClock())
    writer.write(profiles, timeout=60)
    writer.close()


def _up(address: str) -> bool:
    """Ready; a bare server that sends /nothing on elsewhere is too."""
    if address.endswith("/readyz"):
        return is_reachable(address)
    import httpx

    try:
        return httpx.get(address).status_code < 500
    except httpx.HTTPError:
        return False


def until(condition: Callable[[], bool], timeout: float = 120) -> None:
    """Returns once the condition holds. Raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the measured system did not come to an end")
        time.sleep(0.02)


def redis_cpu(world: World) -> float:
    """Seconds of processor time that Redis has spent."""
    from redis import Redis

    with Redis.from_url(world.settings.redis) as client:
        info = client.info("cpu")
        return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])
