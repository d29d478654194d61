"""Child processes for tests, forked from one that has imported the services: to import them takes more than a test's own work.

The server is a process of its own, started with the first child: pytest's has threads and connections, which a fork would copy.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from multiprocessing.connection import Connection
from threading import Lock

from referral_tools.stack.fork_server import ForkRequest, ForkServer

_SERVE = """
import sys
from multiprocessing.connection import Connection
import referral_tools.stack.preloaded
import reward_dispatcher.delivery.worker
from referral_tools.stack.fork_server import serve_forks
serve_forks(Connection(int(sys.argv[1])))
"""


class _StartedServer(ForkServer):
    """A fork server that is no fork of this process."""

    def __init__(self) -> None:
        ours, served = socket.socketpair()
        with served:
            command = [sys.executable, "-c", _SERVE, str(served.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[served.fileno()])
        self._connection = Connection(ours.detach())
        self._statuses = {}
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the server, and with it its children."""
        if not self._connection.closed:
            self._connection.close()
            self._process.wait()


class ChildProcess:
    """A Python module that runs as `python -m` does, in a process and a group of its own; its methods are those of Popen."""

    def __init__(self, module: str, arguments: tuple[str, ...], environ: Mapping[str, str]) -> None:
        request = ForkRequest(module, arguments, None, environ)
        self._command = (module, *arguments)
        with _lock:
            self.pid = _server().start(request)

    def poll(self) -> int | None:
        """The exit status, a signal's number as a negative one; None while it runs."""
        with _lock:
            return _server().status(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit status. Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._command, timeout or 0)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Sends a signal unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Sends SIGKILL."""
        self.send_signal(signal.SIGKILL)


_lock = Lock()


@cache
def _server() -> _StartedServer:
    return _StartedServer()
