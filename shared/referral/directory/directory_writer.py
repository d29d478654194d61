"""The one writer of a directory: opens or rebuilds its file, and commits records together with their positions.

Commits are not forced to the disk: a process that is killed loses nothing, since the kernel has the pages, but a machine that
loses power may. So a file that was not closed before the machine's last start is rebuilt from the log.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import lmdb
import msgspec
import structlog

from referral.catalog.stored_entities import INVALID_RECORD
from referral.directory.environment import DamagedFile, OpenFile, open_file
from referral.directory.file_check import check_file
from referral.directory.file_rewrite import FileRewrite, rewrite_is_due
from referral.directory.files import DirectoryFiles, Generation, boot_id
from referral.directory.record_writer import CatalogRecordWriter, PeopleRecordWriter, TableWriter
from referral.directory.replica import ERASURE_COUNT, DirectoryUnavailable, Replica, position_key
from referral.directory.tables import DamagedValue, Table
from referral.log.retention import TOMBSTONES_MS
from referral.telemetry.metrics import counter

RebuildReason = Literal["new", "damaged", "other_log", "shorter_log", "power_cut", "outdated"]
_OUTDATED_S = TOMBSTONES_MS / 1000 - 86_400
"""A file that was not written for so long may have people whose tombstones the log no longer has."""
_CHECK_TIMEOUT_S = 120
# A full disk is none of these: LMDB reports it as an input/output error of the commit, and the file stays as it was.
_DAMAGE = (DamagedValue, lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.PanicError)
_REWRITE_AGAIN_S = 60
log = structlog.get_logger()


class DirectoryFull(Exception):
    """The file cannot grow: the disk is full, or the file has its largest size."""


class FeedRecord(NamedTuple):
    """A record of `catalog` or `people`."""

    topic: Literal["catalog", "people"]
    key: str
    value: bytes | None


class Commit(NamedTuple):
    """What one transaction changes; see `DirectoryWriter.commit`."""

    records: Sequence[FeedRecord]
    positions: Mapping[str, int]
    complete_at: float | None


class DirectoryWriter:
    """Writes the file of a replica. Used by the holder of the writer's lock, in one thread."""

    def __init__(self, replica: Replica, map_size: int) -> None:
        self._replica = replica
        self._files: DirectoryFiles = replica.files
        self._map_size = map_size
        self._check: Iterator[int] | None = None
        self._rewrite: FileRewrite | None = None
        self._committed: list[Commit] = []  # since the rewrite began
        self._rewritten = self._files.new_generation()
        self._rewrite_from = 0.0

    def open(self, identity: str, ends: Mapping[str, int]) -> None:
        """Opens the valid file for writing, or starts a new one if it is damaged, not complete, or of another log.

        `identity` names the log, `ends` are its next offsets. Raises DirectoryFull or OSError.
        """
        self._files.create()
        reason = self._reason_to_rebuild(identity, ends)
        if reason is None:
            self._files.publish(self._opened_generation())
        else:
            self._rebuild(reason, identity)
        self._files.remove_others(self._generation())
        self._start_check()

    def _reason_to_rebuild(self, identity: str, ends: Mapping[str, int]) -> RebuildReason | None:
        generation = self._files.current()
        if generation is None:
            return "new"
        if generation.boot != boot_id() and not generation.closed:
            return "power_cut"
        if self._files.reported_damage(generation) is not None or self._fails_check(generation):
            return "damaged"
        try:
            return self._reason_in_file(identity, ends)
        except DirectoryUnavailable:
            return "damaged"

    def _reason_in_file(self, identity: str, ends: Mapping[str, int]) -> RebuildReason | None:
        if not self._replica.refresh():
            return "damaged"
        if self._replica.log_identity() != identity:
            return "other_log"
        if time.time() - self._files.data(self._generation()).stat().st_mtime > _OUTDATED_S:
            return "outdated"
        return "shorter_log" if any(self._replica.position(one) > end for one, end in ends.items()) else None

    def _fails_check(self, generation: Generation) -> bool:
        """Whether a file whose last check did not end is damaged; the check is repeated in a process that may crash."""
        if not self._files.check_mark.exists():
            return False
        command = [
            sys.executable,
            "-m",
            "referral.directory.check_process",
            str(self._files.data(generation)),
            str(self._map_size),
        ]
        ended = subprocess.run(command, timeout=_CHECK_TIMEOUT_S, check=False, capture_output=True)  # noqa: S603 - no shell, and only our own words
        return ended.returncode != 0

    def _rebuild(self, reason: RebuildReason, identity: str) -> None:
        log.warning("the directory is rebuilt from the log", reason=reason, folder=str(self._files.folder))
        counter("directory_rebuilds").labels(reason).inc()
        generation = self._files.new_generation()
        try:
            opened = open_file(self._files.data(generation), self._map_size, create=True)
            with opened.environment.begin(write=True) as txn:
                tables = TableWriter(txn, opened.tables)
                tables.put(Table.META, b"log", identity.encode())
                # More than in any file before, as long as fewer than a million people a second are erased.
                tables.put(Table.META, ERASURE_COUNT, str(time.time_ns() // 1000).encode())
        except lmdb.Error as error:
            raise self._full(error) from error
        self._files.publish(generation)
        self._replica.adopt(generation, opened)

    def _opened_generation(self) -> Generation:
        return msgspec.structs.replace(self._generation(), boot=boot_id(), closed=False)

    def _generation(self) -> Generation:
        generation = self._replica.generation
        if generation is None:
            raise DirectoryUnavailable("no file is open")
        return generation

    def _file(self) -> OpenFile:
        opened = self._replica.opened
        if opened is None:
            raise DirectoryUnavailable("no file is open")
        return opened

    def commit(
        self, records: Sequence[FeedRecord], positions: Mapping[str, int], complete_at: float | None = None
    ) -> None:
        """Applies records and their positions in one transaction; `complete_at` as in `Replica.complete_at`.

        Raises DirectoryFull, and DirectoryUnavailable for a damaged file; then nothing is changed.
        """
        change = Commit(records, positions, complete_at)
        try:
            _commit(self._file(), change)
        except _DAMAGE as error:
            raise self._replica.damage(error) from error
        except (lmdb.Error, OSError) as error:
            raise self._full(error) from error
        if self._rewrite is not None:
            self._committed.append(change)

    def rewrite_some(self, seconds: float, after_s: float) -> bool:
        """Goes on for so many seconds with rewriting the file, if it is due (`rewrite_is_due`); whether it is done.

        If that fails, for example on a full disk, the file stays in use, and it is tried again a minute later.
        """
        if time.monotonic() < self._rewrite_from:
            return False
        try:
            if self._rewrite is None:
                if not rewrite_is_due(self._replica, after_s):
                    return False
                self._rewritten, self._committed = self._files.new_generation(), []
                self._rewrite = FileRewrite(self._file(), self._files.data(self._rewritten), self._map_size)
            if not self._rewrite.copy_some(seconds):
                return False
            self._use_rewritten(self._rewrite.take())
        except (lmdb.Error, OSError) as error:
            self._discard_rewrite()
            self._rewrite_from = time.monotonic() + _REWRITE_AGAIN_S
            log.warning("the directory cannot be written anew after an erasure or a correction", reason=str(error))
            return False
        return True

    def _use_rewritten(self, opened: OpenFile) -> None:
        for change in self._committed:
            _commit(opened, change)
        self._rewrite = None
        self._files.publish(self._rewritten)
        self._replica.adopt(self._rewritten, opened)
        self._files.remove_others(self._rewritten)
        self._start_check()

    def _discard_rewrite(self) -> None:
        if self._rewrite is not None:
            self._rewrite.discard()
        self._rewrite, self._committed = None, []

    def _full(self, error: Exception) -> DirectoryFull:
        size = f"REFERRAL_DIRECTORY_MB ({self._map_size // 1024**2})"
        return DirectoryFull(
            f"the directory in {self._files.folder} cannot grow: {error}. Free room on its disk, or raise {size}"
        )

    def is_damaged(self) -> bool:
        """Whether a reader has reported damage in the file."""
        return self._files.reported_damage(self._generation()) is not None

    def _start_check(self) -> None:
        self._check = check_file(self._file())

    def check_some(self, entries: int) -> bool:
        """Whether the check of the file is unfinished after about so many entries. Raises DirectoryUnavailable for damage."""
        checked = 0
        if self._check is not None:
            self._files.check_mark.touch()
        while self._check is not None and checked < entries:
            try:
                checked += next(self._check)
            except StopIteration:
                self._end_check()
            except DamagedFile as error:
                self._end_check()
                raise self._replica.damage(error) from error
        return self._check is not None

    def _end_check(self) -> None:
        self._check = None
        self._files.check_mark.unlink(missing_ok=True)

    def used_bytes(self) -> int:
        """Size of the file's pages."""
        return self._file().used_bytes

    def clear_dead_readers(self) -> None:
        """Frees the places of readers that were killed: pages that they read could not be used again."""
        self._file().environment.reader_check()

    def remove_other_formats(self) -> None:
        """Removes what other versions of the program have left in the folder."""
        self._files.remove_other_formats()

    def release(self) -> None:
        """Ends the check, where another process is going to write."""
        self._end_check()
        self._discard_rewrite()

    def close(self) -> None:
        """Forces the file to the disk and marks it as closed: it outlives a power cut from now on."""
        self._end_check()
        self._discard_rewrite()
        if self._replica.opened is not None:
            self._file().environment.sync(True)
            self._files.publish(msgspec.structs.replace(self._opened_generation(), closed=True))


def _commit(opened: OpenFile, change: Commit) -> None:
    with opened.environment.begin(write=True) as txn:
        tables = TableWriter(txn, opened.tables)
        _apply(tables, change.records)
        tables.count_versions()
        for partition, position in change.positions.items():
            tables.put(Table.META, position_key(partition), str(position).encode())
        if change.complete_at is not None:
            tables.put(Table.META, b"complete_at", repr(change.complete_at).encode())
    opened.extend()


def _apply(tables: TableWriter, records: Sequence[FeedRecord]) -> None:
    catalog, people = CatalogRecordWriter(tables), PeopleRecordWriter(tables)
    for record in records:
        try:
            if record.topic == "people" and record.value is None:
                people.erase(record.key)
            elif record.value is not None:
                (people if record.topic == "people" else catalog).apply(record.value)
        except INVALID_RECORD as error:
            log.error("record skipped", topic=record.topic, key=record.key, reason=str(error))


def check_path(path: Path, map_size: int) -> None:
    """Checks a whole file. Raises DamagedFile, or ends the process where a page is so wrong that LMDB crashes."""
    opened = open_file(path, map_size)
    try:
        for _ in check_file(opened):
            pass
    finally:
        opened.close()
