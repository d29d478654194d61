"""A child process with a log file and a health check, which never outlives its parent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from referral.log.progress_watch import RESTART_STATUS
from referral_tools.stack.log_text import likely_cause, readable_lines

_STALLED_RESTARTS = 2


class ProcessUnhealthy(Exception):
    """A process did not become healthy, or died; carries the last lines of its log."""


class Child(Protocol):
    """What `Process` uses of `subprocess.Popen`."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """The exit status, as far as `poll` and `wait` have seen it; negative: the number of a signal."""

    def poll(self) -> int | None:
        """The exit status; None while the process runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit status. Raises TimeoutExpired."""


class Process:
    """A child process in a process group of its own. It ends when its parent ends, also after SIGKILL (see parent_watch.py)."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._env = {**os.environ, **(env or {})}
        self._cwd = cwd
        self._child: Child | None = None

    def start(self) -> "Process":
        """Starts the process; its output is appended to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._child = self._spawn()
        return self

    def _spawn(self) -> Child:
        watched_command = [sys.executable, "-m", "referral_tools.stack.parent_watch", str(os.getpid()), *self.command]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                watched_command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id; 0 if it was never started."""
        return self._child.pid if self._child else 0

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._child is not None and self._child.poll() is None

    @property
    def asks_to_be_restarted(self) -> bool:
        """Whether the process has ended with the status of a consumer that was stalled."""
        return not self.alive and self._status() == RESTART_STATUS

    def wait_healthy(self, healthy: Callable[[], bool], timeout: float) -> None:
        """Returns once `healthy()` is true. Raises ProcessUnhealthy if the process dies or `timeout` seconds pass.

        One that ends because it was stalled is started again, at most twice, as by a supervisor; the time begins again.
        """
        deadline, restarts = time.monotonic() + timeout, 0
        while not healthy():
            if self.asks_to_be_restarted and restarts < _STALLED_RESTARTS:
                restarts += 1
                self.start()
                deadline = time.monotonic() + timeout
            if not self.alive:
                raise self.unhealthy(f"{self.describe_end()} before it was healthy")
            if time.monotonic() > deadline:
                raise self.unhealthy(f"was not healthy within {timeout:g} s")
            time.sleep(0.05)

    def request_end(self) -> None:
        """Sends SIGTERM, and SIGCONT in case that it is suspended."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)

    def terminate(self, grace: float = 10) -> None:
        """Sends SIGTERM, waits up to `grace` seconds, and then kills what is left of the process group."""
        if self._child is None:
            return
        self.request_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(grace)
        self.kill()

    def kill(self) -> None:
        """Sends SIGKILL to the process and its children."""
        if self._child is None:
            return
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has ended, or has no group of its own yet
            self.signal(signal.SIGKILL)
        self._child.wait()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process, not to its children: SIGSTOP suspends it, SIGCONT resumes it."""
        if self.alive:
            os.kill(self.pid, number)

    def unhealthy(self, what: str) -> ProcessUnhealthy:
        """Returns the error for a process that `what` happened to: the likely cause in a sentence, then the end of the log."""
        lines = self._last_lines()
        cause = likely_cause(lines)
        end = "\n".join(f"  {line}" for line in readable_lines(lines))
        why = f" Likely cause: {cause.rstrip('.')}." if cause else ""
        return ProcessUnhealthy(f"{self.name} {what}.{why}\nThe end of {self.log}:\n{end}")

    def describe_end(self) -> str:
        """Returns how the process ended, as a sentence continues: `ended with status 1`, `was ended by SIGKILL`."""
        status = self._status()
        if status is not None and status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def _last_lines(self, count: int = 10) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()[-count:] if self.log.exists() else []

    def _status(self) -> int | None:
        return self._child.returncode if self._child else None
