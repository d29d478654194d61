"""The process that exists to write the directory of a host, so that no service spends its time on it."""

import signal
from threading import Event

from referral.config import Settings
from referral.directory.files import directory_files
from referral.directory.replica import Replica
from referral.directory.writer_thread import WriterThread
from referral.http.ops_server import serve_ops
from referral.log.acls import operations_on
from referral.log.topic_admin import TopicMismatch
from referral.log.topic_check import LogStartup
from referral.topics import CATALOG, PEOPLE


def run_directory(settings: Settings) -> None:
    """Writes the directory until SIGTERM or SIGINT, with health and metrics on `REFERRAL_METRICS_PORT`."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    startup = LogStartup(settings, operations_on((CATALOG, PEOPLE), ()))
    replica = Replica(directory_files(settings), settings.directory_bytes)
    writer = WriterThread(settings, replica, dedicated=True)
    with serve_ops(settings, {"directory": lambda: startup.reason or writer.reason}):
        try:
            startup.wait(stopping)
        except TopicMismatch as mismatch:
            raise SystemExit(f"topics: {mismatch}") from mismatch
        writer.start()
        stopping.wait()
        writer.stop()
        replica.close()
