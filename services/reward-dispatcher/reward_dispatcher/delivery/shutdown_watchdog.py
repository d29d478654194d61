"""An end that is an end: a process that was asked to stop and cannot is gone all the same."""

import os
import threading

import structlog

log = structlog.get_logger()


def force_exit_after(seconds: float) -> None:
    """Ends this process with status 1 after so many seconds, unless it has ended by itself.

    Nothing is lost by it: what was not acknowledged is delivered again, as after any crash.
    """
    timer = threading.Timer(seconds, _force_exit, [seconds])
    timer.daemon = True
    timer.start()


def _force_exit(seconds: float) -> None:
    log.warning("ended by force", reason=f"not stopped {seconds:g} s after it was asked to; is the broker away?")
    os._exit(1)
