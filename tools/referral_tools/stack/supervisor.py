"""Starts processes in order, watches them, and stops them in reverse; nothing of them stays."""

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from referral_tools.stack.process import Process, Unhealthy


@dataclass(frozen=True, slots=True)
class Supervised:
    """A process and what tells that it is healthy."""

    process: Process
    healthy: Callable[[], bool]
    timeout: float = 60


class Supervisor:
    """Holds processes. Must be used from the main thread: children end with the thread that started them."""

    def __init__(self) -> None:
        self.processes: list[Process] = []
        self._stopping = threading.Event()

    def start(self, group: Sequence[Supervised]) -> None:
        """Starts a group at once, returns when all are healthy. Raises Unhealthy with the end of a log when not."""
        for one in group:
            self.processes.append(one.process.start())
        for one in group:
            one.process.wait_healthy(one.healthy, one.timeout)

    def stop(self) -> None:
        """Stops all, the last started first; those of a kind end together: each is asked before any is waited for."""
        for process in reversed(self.processes):
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        for process in reversed(self.processes):
            process.terminate()
        self.processes.clear()

    def wait(self) -> None:
        """Returns at SIGINT or SIGTERM. Raises Unhealthy when a process dies meanwhile."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked)
        while not self._stopping.wait(0.5):
            for process in self.processes:
                if not process.alive:
                    raise Unhealthy(f"{process.name} has died.\n{process.last_lines()}")

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()
