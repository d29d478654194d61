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
    """The address of the front door and of each service, an API key with all scopes, the addresses of Kafka and Redis."""

    front: str
    services: Mapping[str, str]
    api_key: str
    kafka: str
    redis: str

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


def read_run_file(path: Path = RUN_FILE) -> RunningSystem | None:
    """The system that runs in this folder; None if the file does not exist or belongs to another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunningSystem)
    except (OSError, msgspec.MsgspecError):
        return None
