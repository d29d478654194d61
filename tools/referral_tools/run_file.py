"""run.json: where a running system is, for scripts. It is there while the system runs, and readable by its owner only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from referral_tools.private_files import write_private

RUN_FILE = Path("var/run.json")


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """The address of the front door and of each service, an API key with all scopes, the addresses of Kafka and Redis,
    and the folder of the directory.

    `replication` is how many replicas its topics have.
    """

    front: str
    services: Mapping[str, str]
    api_key: str
    kafka: str
    redis: str
    directory: str = ""
    replication: int = 1

    @contextmanager
    def written_to(self, *paths: Path) -> Iterator[None]:
        """Writes it into files, and removes those that are still its own afterwards."""
        content = msgspec.json.format(msgspec.json.encode(self)).decode() + "\n"
        for path in paths:
            write_private(path, content)
        try:
            yield
        finally:
            for path in paths:
                if path.exists() and path.read_text() == content:
                    path.unlink()


def read_run_file(path: Path | None = None) -> RunningSystem | None:
    """The system that runs in this folder or one above it; None if there is no such file, or it belongs to another version."""
    try:
        return msgspec.json.decode((path or _nearest_run_file()).read_bytes(), type=RunningSystem)
    except (OSError, msgspec.MsgspecError):
        return None


def running_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """How to reach Kafka and Redis of the running system and its directory, as settings.

    Empty if there is none, or if the environment names another Kafka: the settings of two systems are never mixed.
    """
    running = read_run_file()
    if running is None or environ.get("REFERRAL_KAFKA", running.kafka) != running.kafka:
        return {}
    addresses = {
        "REFERRAL_KAFKA": running.kafka,
        "REFERRAL_REDIS": running.redis,
        "REFERRAL_REPLICATION": str(running.replication),
    }
    return addresses | ({"REFERRAL_DIRECTORY": running.directory} if running.directory else {})


def _nearest_run_file() -> Path:
    here = Path.cwd()
    places = (folder / RUN_FILE for folder in (here, *here.parents))
    return next((place for place in places if place.exists()), RUN_FILE)
