"""Keeps the directory written: the process that holds the writer's lock folds the log into it; every other process tries the lock.

A killed writer is replaced within half a second, as the kernel releases its lock. A process that exists to write
(`python -m link_issuer directory`) is preferred: the writer of another process makes room for it, and if it is killed, replaces it
within two seconds.
"""

import time
from contextlib import ExitStack
from threading import Event, Thread

import structlog

from referral.config import Settings
from referral.directory.directory_writer import DirectoryWriter
from referral.directory.files import DirectoryFiles
from referral.directory.log_feed import LogEnds, LogFeed, log_identity
from referral.directory.replica import DirectoryUnavailable, Replica
from referral.telemetry.metrics import gauge

_TRY_S = 0.5
_TRY_BESIDE_DEDICATED_S = 2.0
_COMPLETE_EVERY_S = 0.7  # folds need a catalog that was complete within the last second
_POLL_S = 0.7
_TIMEOUT_S = 5.0
_HOUSEKEEPING_S = 10.0
_REWRITE_S = 0.05  # for each turn, while a file is rewritten after an erasure
_CHECK_AFTER_S = 20.0  # of the opening: at a start the processor has other work
_CHECKED_ENTRIES = 20_000  # for each turn: about 10 ms
log = structlog.get_logger()


class WriterThread:
    """Takes part in the election of a directory's writer; `dedicated` in a process that exists to write."""

    def __init__(self, settings: Settings, replica: Replica, *, dedicated: bool = False) -> None:
        self._settings = settings
        self._replica = replica
        self._files: DirectoryFiles = replica.files
        self._dedicated = dedicated
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="directory", daemon=True)
        self._status: str | None = None  # as it was written for readers; unknown at first
        self.reason: str | None = "not started yet"  # why nothing is written; None also where another process writes

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread; a writer closes the file."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        with ExitStack() as stack:
            preferred = False
            while not self._stopping.is_set():
                if self._dedicated and not preferred:
                    preferred = stack.enter_context(self._files.dedicated_lock())
                self._stopping.wait(self._try_to_write())

    def _try_to_write(self) -> float:
        """Writes if no other process does. Returns after how many seconds to try again."""
        try:
            self._files.create()
            if self._makes_room():
                return _TRY_BESIDE_DEDICATED_S
            with self._files.writer_lock() as held:
                if held:
                    self._write()
                else:
                    self.reason = None
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever the clients raise; it reports it
            self._report(f"{type(error).__name__}: {error}")
        return _TRY_S

    def _makes_room(self) -> bool:
        """Whether another process exists to write."""
        if self._dedicated:
            return False
        with self._files.dedicated_lock() as held:
            return not held

    def _write(self) -> None:
        """Writes until the thread stops or must make room. Raises what keeps it from writing."""
        ends, writer = LogEnds(self._settings), DirectoryWriter(self._replica, self._settings.directory_bytes)
        try:
            writer.open(log_identity(self._settings), ends.request(_TIMEOUT_S))
            self._follow(writer, ends)
        finally:
            ends.close()
            writer.close() if self._stopping.is_set() else writer.release()

    def _follow(self, writer: DirectoryWriter, ends: LogEnds) -> None:
        names = ends.request(_TIMEOUT_S)
        feed = LogFeed(self._settings, {name: self._replica.position(name) for name in names})
        try:
            turn = WriterTurn(writer, feed, ends, self._settings.erase_within_s / 2)
            while not self._stopping.is_set():
                turn.take()
                turn.maintain()
                self._report("")
                if self._makes_room():
                    return
        finally:
            feed.close()

    def _report(self, reason: str) -> None:
        """Notes why nothing is written, for this process and for readers; an empty reason if it is."""
        if reason != self._status:
            self._files.write_status(reason)
            if reason:
                log.warning("the directory cannot be written", reason=reason)
        self._status, self.reason = reason, reason or None


class WriterTurn:
    """One turn of the writer after another: the next records, then now and then the end of the log and some housekeeping."""

    def __init__(self, writer: DirectoryWriter, feed: LogFeed, ends: LogEnds, rewrite_after_s: float) -> None:
        self._writer = writer
        self._rewrite_after_s = rewrite_after_s
        self._feed = feed
        self._ends = ends
        self._positions = feed.positions()
        self._complete_at = float("-inf")
        self._cleared_at = time.monotonic()
        self._check_from = time.monotonic() + _CHECK_AFTER_S

    def take(self) -> None:
        """Applies the next records, waiting for them if there are none. Raises DirectoryFull and DirectoryUnavailable."""
        records, positions = self._feed.poll(_POLL_S)
        if records or not positions.items() <= self._positions.items():
            self._writer.commit(records, positions)
            self._positions |= positions
        if time.monotonic() - self._complete_at > _COMPLETE_EVERY_S:
            self._note_complete()

    def _note_complete(self) -> None:
        """Records that the file was complete as of now, if it was."""
        requested_at = time.monotonic()
        ends = self._ends.request(_TIMEOUT_S)
        behind = sum(max(0, end - self._positions.get(name, 0)) for name, end in ends.items())
        gauge("directory_behind_records").set(behind)
        if not behind:
            self._writer.commit((), {}, requested_at)
            self._complete_at = requested_at

    def maintain(self) -> None:
        """Goes on with the check of the file and with rewriting it; now and then clears dead readers, removes the files
        of other versions of the program, and measures the size.

        Raises DirectoryUnavailable for a damaged file.
        """
        if self._writer.is_damaged():
            raise DirectoryUnavailable("a reader found damage in the file")
        if time.monotonic() > self._check_from:
            self._writer.check_some(_CHECKED_ENTRIES)
        self._writer.rewrite_some(_REWRITE_S, self._rewrite_after_s)
        if time.monotonic() - self._cleared_at < _HOUSEKEEPING_S:
            return
        self._cleared_at = time.monotonic()
        self._writer.clear_dead_readers()
        self._writer.remove_other_formats()
        gauge("directory_bytes").set(self._writer.used_bytes())
