"""Serves a Flask app: granian, WSGI, blocking threads. A durable write waits in its thread, so threads are many and workers few.

Stopping: SIGTERM lets requests under way finish (5 s at most), then closes what the app opened, so that a click taken just before
is on the log. A worker process also stops when the one that started it is gone, however that went.
"""

import ctypes
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.util import Finalize

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from referral.config import Settings

_PR_SET_PDEATHSIG = 1  # prctl(2): the signal this process gets when the thread that forked it ends
_STOP_S = 5


def serve(factory: str, settings: Settings) -> None:
    """Serves `module:function` (a factory of an app) until SIGTERM or SIGINT.

    `backpressure` is how many requests a worker takes off its connections; those above the threads wait in the worker, the
    next ones in the kernel's queue, where they cost nothing and the peer sees them as slow, not as refused.
    """
    with _metrics_folder(settings.http_workers):
        Granian(
            factory,
            address=settings.http_host,
            port=settings.http_port,
            interface=Interfaces.WSGI,
            workers=settings.http_workers,
            blocking_threads=settings.http_threads,
            backpressure=settings.http_threads * 4,
            workers_kill_timeout=_STOP_S,
            respawn_failed_workers=True,
            log_level=LogLevels.error,
            websockets=False,
        ).serve(target_loader=load)


def load(factory: str) -> Flask:
    """Makes the app in a worker process; ends it with its parent and closes it at the process's end."""
    _end_with_parent()
    module, _, function = factory.partition(":")
    app: Flask = getattr(import_module(module), function)()
    if "referral" in app.extensions:
        Finalize(None, app.extensions["referral"].close, exitpriority=10)
    return app


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent.pid:  # it ended before the setting took effect
        raise SystemExit("the server is gone")


@contextmanager
def _metrics_folder(workers: int) -> Iterator[None]:
    """Several processes keep their metrics in files of a fresh folder, from which whoever is asked gathers them.

    One process alone needs no files, which cost a system call a change.
    """
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if workers == 1:
        yield
        return
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="referral-metrics-")
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
