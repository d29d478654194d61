"""Forced exit if graceful shutdown takes too long."""

import os
import threading

import structlog

log = structlog.get_logger()


def force_exit_after(seconds: float) -> None:
    """Exits this process with status 1 after so many seconds, unless it has exited by then.

    No delivery is lost: records that were not acknowledged are delivered again, as after any crash.
    """
    timer = threading.Timer(seconds, _force_exit, [seconds])
    timer.daemon = True
    timer.start()


def _force_exit(seconds: float) -> None:
    log.warning("forced exit", reason=f"shutdown took longer than {seconds:g} s; is Kafka available?")
    os._exit(1)
