"""A process that has imported the modules of all services, and forks processes from itself that run them.

A dozen processes that each import the same libraries hold them a dozen times, about 50 MB each. Forked from one, they share these
pages. The server itself is forked from the process that starts it, which therefore shares them too. It has no threads and no
connections, and ends with the process that started it.
"""

import atexit
import ctypes
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import NamedTuple, NoReturn

from referral_tools.stack.parent_watch import end_with_parent

_context = get_context("fork")
_OUTPUTS = (1, 2)  # the descriptors of standard output and error
_ALLOCATION = {  # mallopt(3)
    -8: 2,  # M_ARENA_MAX: by default each thread of a process keeps freed memory in an arena of its own
    -3: 4 * 1024 * 1024,  # M_MMAP_THRESHOLD: by default the 19 MiB of a password's hash, once freed, raise it, and stay
    -1: 4 * 1024 * 1024,  # M_TRIM_THRESHOLD: what is free beyond it at the end of the heap goes back to the system
}


class ForkRequest(NamedTuple):
    """What a forked process runs: a module with its arguments and environment.

    Its output is appended to `log`; None: it goes where that of the process goes that starts it.
    """

    module: str
    words: tuple[str, ...]
    log: str | None
    env: Mapping[str, str]


class ForkServer:
    """Starts processes. Make it before this process has threads or connections, and use it in one thread."""

    def __init__(self) -> None:
        import_module("referral_tools.stack.preloaded")
        self._connection, served = _context.Pipe()
        self._statuses: dict[int, int] = {}
        self._server = _context.Process(target=_serve, args=(served, self._connection, os.getpid()))
        self._server.start()
        served.close()
        atexit.register(self.close)

    def start(self, request: ForkRequest) -> int:
        """Starts a process in a group of its own, and returns its id. Raises EOFError or OSError if the server has ended."""
        self._connection.send(request)
        if request.log is None:
            for descriptor in _OUTPUTS:
                send_handle(self._connection, descriptor, 0)
        while (started := self._receive()) is None:
            pass
        return started

    def status(self, pid: int, timeout: float | None = 0) -> int | None:
        """The exit status of a started process, a signal's number as a negative one; None while it runs.

        Waits up to `timeout` seconds for its end; without a limit for None.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while pid not in self._statuses:
            if not self._connection.poll(None if deadline is None else max(0.0, deadline - time.monotonic())):
                return None
            self._receive()
        return self._statuses[pid]

    def close(self) -> None:
        """Ends the server; the processes that it started end with it."""
        if not self._connection.closed:
            self._connection.close()
            self._server.join()

    def _receive(self) -> int | None:
        """The id of a process that was started; None for the end of one, whose status is kept."""
        pid, status = self._connection.recv()
        if status is None:
            self._statuses.pop(pid, None)  # ids are used again
            return int(pid)
        self._statuses[pid] = status
        return None


def _serve(connection: Connection, other_end: Connection, starter: int) -> None:
    other_end.close()
    end_with_parent(starter)
    serve_forks(connection)


def serve_forks(connection: Connection) -> NoReturn:
    """Runs in the server until the connection closes: forks on request, and reports each start and each end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    for parameter, value in _ALLOCATION.items():
        ctypes.CDLL(None).mallopt(parameter, value)
    running: dict[int, ForkProcess] = {}  # by a descriptor that is readable once the process has ended
    while True:
        for ready in wait([connection, *running]):
            if ready is not connection:
                _report_end(connection, running, ready)  # type: ignore[arg-type] # it is one of these descriptors
                continue
            try:
                request = connection.recv()
            except (EOFError, ConnectionResetError):
                os._exit(0)
            outputs = [recv_handle(connection) for _ in _OUTPUTS] if request.log is None else []
            process = _context.Process(target=_run_module, args=(request, connection, outputs))
            process.start()
            for descriptor in outputs:
                os.close(descriptor)
            running[os.pidfd_open(process.pid or 0)] = process
            connection.send((process.pid, None))


def _report_end(connection: Connection, running: dict[int, ForkProcess], descriptor: int) -> None:
    process = running.pop(descriptor)
    os.close(descriptor)
    process.join()
    connection.send((process.pid, process.exitcode))


def _run_module(request: ForkRequest, connection: Connection, outputs: list[int]) -> None:
    """Runs in the forked process: takes its place as a process of its own, then runs the module as `python -m` does."""
    os.setsid()
    connection.close()
    end_with_parent(os.getppid())  # the server, which ends with the process that started it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    if request.log is not None:
        outputs = [os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)] * 2
    for given, descriptor in zip(outputs, _OUTPUTS, strict=True):
        os.dup2(given, descriptor)
    for given in set(outputs):
        os.close(given)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # whatever the starter had in their place
    os.environ.clear()
    os.environ.update(request.env)
    sys.argv = [request.module, *request.words]
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)
