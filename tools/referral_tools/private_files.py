"""Files that only their owner can read, and that are never visible half written."""

from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, content: str) -> None:
    """Writes a file, or replaces it, at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(content, "utf-8")
    beside.replace(path)


def load_or_create_secret(path: Path, make: Callable[[], str]) -> str:
    """A secret that is made once and then stays the same: tokens outlive a restart."""
    if not path.exists():
        write_private(path, make())
    return path.read_text("utf-8")
