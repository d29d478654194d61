"""The files of a directory: the data, which generation of it is valid, and the locks of its writer.

A rebuild starts a file of a new name and points `current` to it, so that a reader never opens a file that is being replaced.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex

import msgspec

from referral.config import Settings
from referral.directory.tables import FORMAT

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STATUS_BYTES = 512  # written in place: it needs no room on a full disk


def _default_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"referral-directory-{os.getuid()}"


class Generation(msgspec.Struct, frozen=True):
    """One data file: its name, the boot of the machine in which it was opened for writing, and whether it was closed since."""

    name: str
    boot: str
    closed: bool = False


class DirectoryFiles:
    """The files of one directory in a folder: of one log, by the prefix of its topics, and of one format."""

    def __init__(self, folder: Path, topic_prefix: str) -> None:
        self.folder = folder
        self._log = blake2b(topic_prefix.encode(), digest_size=6).hexdigest()
        self._stem = f"directory-{FORMAT}-{self._log}"
        self.pointer = self._path("current")
        """The file that names the valid generation."""

    def _path(self, suffix: str) -> Path:
        return self.folder / f"{self._stem}.{suffix}"

    def data(self, generation: Generation) -> Path:
        """The data file of a generation; LMDB has its table of readers beside it."""
        return self._path(f"{generation.name}.mdb")

    def current(self) -> Generation | None:
        """The valid generation; None if there is none that can be read."""
        try:
            return msgspec.json.decode(self.pointer.read_bytes(), type=Generation)
        except (OSError, msgspec.MsgspecError):
            return None

    def create(self) -> None:
        """Creates the folder, readable by its owner alone. Raises OSError, also for the default folder of another user."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder == _default_folder() and self.folder.stat().st_uid != os.getuid():
            raise PermissionError(
                f"{self.folder} belongs to another user: set REFERRAL_DIRECTORY to a folder of your own"
            )

    def new_generation(self) -> Generation:
        """A generation that does not exist yet."""
        return Generation(token_hex(6), boot_id())

    def publish(self, generation: Generation) -> None:
        """Makes a generation the valid one, also after a power cut. Raises OSError."""
        draft = self._path(f"current.{os.getpid()}")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(generation))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.pointer)

    def remove_others(self, generation: Generation) -> None:
        """Removes the data of all other generations. A process that reads one has it until it closes it."""
        valid = self.data(generation).name
        for path in self.folder.glob(f"{self._stem}.*.mdb*"):
            if not path.name.startswith(valid):
                path.unlink(missing_ok=True)

    def remove_other_formats(self) -> None:
        """Removes what other versions of the program have written of this log, unless one of them still writes.

        No one would remove from it who is erased from now on. The locks stay: a version that starts at this moment may hold them.
        """
        for lock in self.folder.glob(f"directory-*-{self._log}.lock"):
            if lock.stem == self._stem:
                continue
            with _locked(lock) as held:
                for path in self.folder.glob(f"{lock.stem}.*") if held else ():
                    if path.suffix not in {".lock", ".dedicated"}:
                        path.unlink(missing_ok=True)

    def report_damage(self, generation: Generation, reason: str) -> None:
        """Asks the writer for a rebuild; nothing on a folder that cannot be written."""
        with contextlib.suppress(OSError):
            self._damage(generation).write_text(reason[:1000])

    def reported_damage(self, generation: Generation) -> str | None:
        """The damage that a reader has found in a generation."""
        try:
            return self._damage(generation).read_text()
        except OSError:
            return None

    def _damage(self, generation: Generation) -> Path:
        return self._path(f"{generation.name}.mdb-damage")

    @property
    def check_mark(self) -> Path:
        """There while the writer checks a file that it opened: if it is found later, the check ended the process."""
        return self._path("checking")

    def write_status(self, reason: str) -> None:
        """Why nothing is written, for readers; empty if it does. Nothing on a folder that cannot be written."""
        with (
            contextlib.suppress(OSError),
            self._path("status").open("r+b" if self._path("status").exists() else "w+b") as file,
        ):
            file.write(reason.encode()[:_STATUS_BYTES].ljust(_STATUS_BYTES))

    def status(self) -> str:
        """The last status of the writer."""
        try:
            return self._path("status").read_bytes().decode(errors="replace").strip()
        except OSError:
            return ""

    @contextlib.contextmanager
    def writer_lock(self) -> Iterator[bool]:
        """Whether this process may write, held during the block; the kernel releases it when the process ends."""
        with _locked(self._path("lock")) as held:
            yield held

    @contextlib.contextmanager
    def dedicated_lock(self) -> Iterator[bool]:
        """Held by the process that exists to write: the writer of another process then makes room."""
        with _locked(self._path("dedicated")) as held:
            yield held


def directory_files(settings: Settings) -> DirectoryFiles:
    """The files of the directory that the settings name."""
    return DirectoryFiles(Path(settings.directory) if settings.directory else _default_folder(), settings.topic_prefix)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    try:
        file = path.open("ab")
    except OSError:  # a folder that cannot be written
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def boot_id() -> str:
    """The kernel's id of this boot of the machine; files that were not closed in an earlier one may lack writes."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"
