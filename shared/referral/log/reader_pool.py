"""Log readers shared by the threads of an HTTP process: few clients, each borrowed by one thread at a time."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from referral.config import Settings
from referral.log.errors import LogUnavailable
from referral.log.log_reader import KafkaLogReader

_CLIENTS = 4
_PATIENCE_S = 2.0
_FETCH_BYTES = 128 * 1024  # a look-up needs a record or a few


class LogReaderPool:
    """The clients of a process, for any number of threads. Opens each when it is first needed, after any fork."""

    def __init__(self, settings: Settings, clients: int = _CLIENTS) -> None:
        self._settings = settings
        self._free: LifoQueue[KafkaLogReader | None] = LifoQueue()
        for _ in range(clients):
            self._free.put(None)

    @contextmanager
    def borrow(self) -> Iterator[KafkaLogReader]:
        """A client for this block alone; closed, not returned, if the block fails.

        Raises LogUnavailable if all are in use for two seconds.
        """
        client = self._take()
        try:
            client = client or KafkaLogReader(self._settings, record_timeout_s=_PATIENCE_S, fetch_bytes=_FETCH_BYTES)
            yield client
        except BaseException:
            if client is not None:
                client.close()
                client = None
            raise
        finally:
            self._free.put(client)

    def close(self) -> None:
        """Closes the clients that are not in use."""
        with contextlib.suppress(Empty):
            while True:
                client = self._free.get_nowait()
                if client is not None:
                    client.close()

    def _take(self) -> KafkaLogReader | None:
        try:
            return self._free.get(timeout=_PATIENCE_S)
        except Empty:
            reason = f"all on-demand readers of this process have been busy for {_PATIENCE_S:g} s"
            raise LogUnavailable("the log", self._settings.kafka, reason, "Retry in a moment.") from None
