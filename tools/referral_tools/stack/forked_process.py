"""A child process that runs a Python module as `python -m` does, forked by a server that has imported the modules already."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from referral_tools.stack.fork_server import ForkRequest, ForkServer
from referral_tools.stack.process import Process


class ForkedProcess(Process):
    """A process of the fork server, in a process group of its own; `words` are the arguments of the module."""

    def __init__(
        self, server: ForkServer, name: str, module: str, words: Sequence[str], log: Path, env: Mapping[str, str]
    ) -> None:
        super().__init__(name, [sys.executable, "-m", module, *words], log, env)
        self._server = server
        self._module = module
        self._words = tuple(words)

    def _spawn(self) -> "_ForkedChild":
        return _ForkedChild(self._server, ForkRequest(self._module, self._words, str(self.log), self._env))


class _ForkedChild:
    """A started process with the methods of `subprocess.Popen` that `Process` uses."""

    def __init__(self, server: ForkServer, request: ForkRequest) -> None:
        self._server = server
        self._module = request.module
        self.pid = server.start(request)

    @property
    def returncode(self) -> int | None:
        """The exit status; a signal's number, negative; None while it runs."""
        return self._server.status(self.pid)

    def poll(self) -> int | None:
        """The same."""
        return self._server.status(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit status. Raises TimeoutExpired."""
        status = self._server.status(self.pid, timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self._module, timeout or 0.0)
        return status
