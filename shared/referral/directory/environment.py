"""Opens the data file of a directory with its tables."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

import lmdb

from referral.directory.tables import Handles, Table

_SMALLEST_BYTES = 2 * 4096  # LMDB's two pages about the file itself; it would start an empty file again
_MAX_READERS = 1024  # transactions of all processes at once


class DamagedFile(Exception):
    """The file is no directory, or not a whole one."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """An open data file: it must be used by the process that opened it, by any of its threads."""

    environment: lmdb.Environment
    tables: Handles

    def close(self) -> None:
        """Closes it, unless it was opened again and is still in use there; then no transaction may be open."""
        with _lock:
            path = Path(self.environment.path())
            _users[path] -= 1
            if not _users[path]:
                del _users[path], _open_files[path]
                self.environment.close()

    def extend(self) -> None:
        """Makes the file as long as its pages: LMDB does not write free ones at its end, and it would seem truncated."""
        path, used = Path(self.environment.path()), self.used_bytes
        if path.stat().st_size < used:
            os.truncate(path, used)

    @property
    def used_bytes(self) -> int:
        """Size of the pages in use and free pages between them."""
        return _used_bytes(self.environment)

    def count(self, *tables: Table) -> int:
        """How many entries these tables have together."""
        with self.environment.begin() as txn:
            return sum(int(txn.stat(self.tables[table])["entries"]) for table in tables)


_lock = RLock()
_open_files: dict[Path, OpenFile] = {}
_users: Counter[Path] = Counter()


def _forget_inherited_files() -> None:
    """They belong to the process that opened them."""
    _open_files.clear()
    _users.clear()
    _lock.release()


os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_forget_inherited_files)


def _used_bytes(environment: lmdb.Environment) -> int:
    return int(environment.info()["last_pgno"] + 1) * int(environment.stat()["psize"])


def open_file(path: Path, map_size: int, *, create: bool = False) -> OpenFile:
    """The open data file; read-only where the file system is. Raises DamagedFile, or lmdb.Error if it cannot be opened.

    LMDB allows a process to open a file once: who opens it again gets the same, and each must close it.
    """
    with _lock:
        if path not in _open_files:
            _open_files[path] = _open_valid(path, map_size, create=create)
        _users[path] += 1
        return _open_files[path]


def _open_valid(path: Path, map_size: int, *, create: bool) -> OpenFile:
    try:
        return _open(path, map_size, create=create, readonly=not create and not os.access(path, os.W_OK))
    except (lmdb.InvalidError, lmdb.CorruptedError, lmdb.VersionMismatchError, lmdb.NotFoundError) as error:
        raise DamagedFile(f"{path}: {error}") from error


def _open(path: Path, map_size: int, *, create: bool, readonly: bool) -> OpenFile:
    if not create and path.stat().st_size < _SMALLEST_BYTES:
        raise DamagedFile(f"{path} is too short")
    environment = lmdb.open(
        str(path),
        map_size=map_size,
        subdir=False,
        readonly=readonly,
        create=create,
        mode=0o600,
        sync=False,
        metasync=False,
        readahead=False,
        max_readers=_MAX_READERS,
        max_dbs=len(Table),
    )
    try:
        if not create and path.stat().st_size < _used_bytes(environment):
            raise DamagedFile(f"{path} has been truncated")
        tables = tuple(environment.open_db(table.name.lower().encode(), create=create) for table in Table)
    except BaseException:
        environment.close()
        raise
    return OpenFile(environment, tables)
