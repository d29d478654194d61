"""Serves a Flask app by granian: WSGI, blocking threads. A durable write blocks its thread: many threads, few workers.

On SIGTERM requests in progress finish, then the app is closed, so that a click accepted just before reaches the log; both within
five seconds. A worker process also stops when its parent process ends for any reason.
"""

import ctypes
import gc
import multiprocessing
import os
import resource
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
from granian.http import HTTP1Settings
from granian.log import LogLevels

from referral.config import Settings

_PR_SET_PDEATHSIG = 1  # prctl(2): the signal sent to this process when the thread that forked it ends
STOP_S = 5
"""A worker that has not ended so long after SIGTERM is killed."""
DRAIN_S = STOP_S - 2.0
"""How long one part of an app may take to finish its work when the app is closed; the parts closed after it need time too."""
_GC_THRESHOLDS = (10_000, 20, 20)
"""A request with a thousand items makes thousands of objects, nearly all of which end with it; collections are in vain."""
MAX_CONNECTIONS = 4096
HEADER_TIMEOUT_S = 5
_OTHER_FILES = 256  # sockets to Kafka and Redis, the log, libraries


def serve(factory: str, settings: Settings) -> None:
    """Serves the app that `module:function` returns, until SIGTERM or SIGINT.

    `backpressure` is how many connections a worker accepts, idle ones included. Requests above the number of threads wait in
    the worker; further connections wait in the kernel's queue, where they cost nothing and the client sees a slow response.
    """
    with _metrics_folder(settings.http_workers):
        Granian(
            factory,
            address=settings.http_host,
            port=settings.http_port,
            interface=Interfaces.WSGI,
            workers=settings.http_workers,
            blocking_threads=settings.http_threads,
            backpressure=_raise_connection_limit(),
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_S * 1000),
            workers_kill_timeout=STOP_S,
            respawn_failed_workers=True,
            log_level=LogLevels.error,
            websockets=False,
        ).serve(target_loader=load)


def load(factory: str) -> Flask:
    """Creates the app in a worker process, which ends with its parent; closes the app at the end of the process."""
    _end_with_parent()
    module, _, function = factory.partition(":")
    app: Flask = getattr(import_module(module), function)()
    gc.freeze()  # what the app is made of lives as long as the process: no collection looks through it again
    gc.set_threshold(*_GC_THRESHOLDS)
    if "referral" in app.extensions:
        Finalize(None, app.extensions["referral"].close, exitpriority=10)
    return app


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent.pid:  # the parent ended before the setting took effect
        raise SystemExit("the server process has ended")


def _raise_connection_limit() -> int:
    """How many connections a worker may accept: as many as the system lets it open files, MAX_CONNECTIONS at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < MAX_CONNECTIONS + _OTHER_FILES:
        soft = (
            MAX_CONNECTIONS + _OTHER_FILES
            if hard == resource.RLIM_INFINITY
            else min(hard, MAX_CONNECTIONS + _OTHER_FILES)
        )
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(_OTHER_FILES, min(MAX_CONNECTIONS, soft - _OTHER_FILES))


@contextmanager
def _metrics_folder(workers: int) -> Iterator[None]:
    """A temporary folder through which several worker processes share their metrics: any of them can export all.

    A single process does not need it; each change of a file costs a system call.
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
