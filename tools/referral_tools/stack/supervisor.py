"""Starts processes in order, watches them, and stops them in reverse order."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from referral_tools.stack.process import Process
from referral_tools.stack.restart_policy import RestartPolicy

_LOOK_S = 0.5
_GRACE_S = 10


@dataclass(frozen=True, slots=True)
class SupervisedProcess:
    """A process, its health check, and the seconds it may take to become healthy."""

    process: Process
    healthy: Callable[[], bool]
    timeout: float = 150


class Supervisor:
    """A list of running processes. Must be used from the main thread: children end with the thread that started them."""

    def __init__(self) -> None:
        self.processes: list[Process] = []
        self._stopping = threading.Event()

    def start(self, group: Sequence[SupervisedProcess]) -> None:
        """Starts a group together and returns when all are healthy. Raises ProcessUnhealthy with the end of a log otherwise."""
        for one in group:
            self.processes.append(one.process.start())
        for one in group:
            one.process.wait_healthy(one.healthy, one.timeout)

    def stop(self) -> None:
        """Sends SIGTERM to all at once, and kills those still running ten seconds later, the last started first."""
        for process in reversed(self.processes):
            process.request_end()
        deadline = time.monotonic() + _GRACE_S
        for process in reversed(self.processes):
            process.terminate(max(0.0, deadline - time.monotonic()))
        self.processes.clear()

    def wait(
        self,
        also: Sequence[Process] = (),
        restarts: RestartPolicy | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Returns soon after SIGINT or SIGTERM, which it handles from now on, also after it has returned.

        Raises ProcessUnhealthy if one of its processes dies first, or one of `also`: these it watches but does not stop. A process
        that ends because it was stalled is started again; with `restarts` every one that ends, which is reported.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop_requested)
        while not self._stopping.wait(_LOOK_S):
            for process in (*also, *self.processes):
                if process.alive:
                    continue
                if process.asks_to_be_restarted:
                    process.start()
                else:
                    _restart(process, restarts, report)

    def start_stalled(self) -> None:
        """Starts the processes again that have ended because they were stalled."""
        for process in self.processes:
            if process.asks_to_be_restarted:
                process.start()

    def _stop_requested(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()


def _restart(process: Process, restarts: RestartPolicy | None, report: Callable[[str], None]) -> None:
    """Starts a process that has died again when it is due. Raises ProcessUnhealthy if it is to stay dead."""
    decision = "give up" if restarts is None else restarts.decide(process.name, time.monotonic())
    if decision == "give up":
        raise process.unhealthy(f"has died: it {process.describe_end()}")
    if decision == "start":
        report(f"{process.name} {process.describe_end()}; it is started again")
        process.start()
