"""Events in a local file (SQLite) until the service has acknowledged them.

`put` returns when the event is on the disk, so a crash of the process or the machine loses none. Any number of threads and
processes may put into the same file.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import TracebackType

from referral_client.api_errors import QueueFull
from referral_client.events import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused (id TEXT PRIMARY KEY, body BLOB NOT NULL, code TEXT NOT NULL, pointer TEXT NOT NULL,
  detail TEXT NOT NULL, at REAL NOT NULL);
"""
MAX_REFUSED = 10_000
MAX_EVENT_BYTES = 64 * 1024
_LOCK_TIMEOUT_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event that waits: its place in the queue, its id, and its JSON."""

    place: int
    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that the service refused: sending it again is useless until it is corrected. `pointer` leads to the mistake."""

    id: str
    body: bytes
    code: str
    pointer: str
    detail: str


class EventQueue:
    """The queue. Events stay in the order in which they were put; each id is in it once.

    At most `max_events` wait: beyond, `put` waits for room, and raises QueueFull after `timeout_s`. The newest 10,000 refused
    events are kept for you to look at.
    """

    def __init__(self, path: str | Path, *, max_events: int = 100_000) -> None:
        if max_events < 1:
            raise ValueError("max_events must be 1 or more")
        self._max_events = max_events
        self._lock = RLock()
        self._db = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")  # a committed event outlives a power cut
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> "EventQueue":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what waits is sent after the next start."""
        with self._lock:
            self._db.close()

    def put(self, event: Event, *, timeout_s: float = 0.0) -> None:
        """Returns when the event is durable; one whose id already waits changes nothing.

        Raises QueueFull if there is no room within `timeout_s`, and ValueError for an event of more than 64 KiB.
        """
        body = event.encode()
        if len(body) > MAX_EVENT_BYTES:
            raise ValueError(f"event {event.id} has {len(body)} bytes; the maximum is {MAX_EVENT_BYTES}")
        until = time.monotonic() + timeout_s
        while not self._try_put(event.id, body):
            if time.monotonic() >= until:
                raise QueueFull(f"{self._max_events} events wait to be sent: {event.id} was not stored")
            time.sleep(_POLL_S)

    def _try_put(self, id: str, body: bytes) -> bool:
        with self._transaction():
            (waiting,) = self._db.execute("SELECT count(*) FROM waiting").fetchone()
            if waiting >= self._max_events and not self._waits(id):
                return False
            self._db.execute("INSERT OR IGNORE INTO waiting (id, body) VALUES (?, ?)", (id, body))
            return True

    def _waits(self, id: str) -> bool:
        return self._db.execute("SELECT 1 FROM waiting WHERE id = ?", (id,)).fetchone() is not None

    def waiting(self) -> int:
        """How many events are not acknowledged yet."""
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM waiting").fetchone()
            return int(count)

    def oldest(self, most: int, most_bytes: int) -> list[QueuedEvent]:
        """The next events to send, at least one if any waits."""
        with (
            self._lock,
            closing(self._db.execute("SELECT place, id, body FROM waiting ORDER BY place LIMIT ?", (most,))) as rows,
        ):
            batch, size = list[QueuedEvent](), 0
            for place, id, body in rows:
                size += len(body) + 1
                if batch and size > most_bytes:
                    break
                batch.append(QueuedEvent(place, id, body))
            return batch

    def settle(self, sent: Sequence[QueuedEvent], refused: Mapping[str, tuple[str, str, str]]) -> None:
        """Removes events that the service has answered; `refused` has code, pointer and detail of those that it refused, by id."""
        rows = [(one.id, one.body, *refused[one.id], time.time()) for one in sent if one.id in refused]
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany("DELETE FROM waiting WHERE place = ?", [(one.place,) for one in sent])
            self._db.execute(
                "DELETE FROM refused WHERE id IN (SELECT id FROM refused ORDER BY at DESC LIMIT -1 OFFSET ?)",
                (MAX_REFUSED,),
            )

    def refused(self) -> list[RefusedEvent]:
        """The events that the service refused, the newest first."""
        with self._lock:
            rows = self._db.execute("SELECT id, body, code, pointer, detail FROM refused ORDER BY at DESC").fetchall()
            return [RefusedEvent(*row) for row in rows]

    def forget_refused(self) -> None:
        """Removes all refused events."""
        with self._transaction():
            self._db.execute("DELETE FROM refused")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction that other processes wait for."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
