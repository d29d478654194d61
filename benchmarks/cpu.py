"""Processor time of processes, which a noisy machine disturbs less than the clock on the wall."""

from collections.abc import Iterable

import psutil


class CpuMeter:
    """Seconds of processor time, user and system, that processes and their children spent since the meter was made."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._processes = [process for pid in pids for process in family(pid)]
        self._began = self._spent()

    def seconds(self) -> float:
        """Spent so far."""
        return self._spent() - self._began

    def _spent(self) -> float:
        return sum(times.user + times.system for times in (process.cpu_times() for process in self._processes))


def family(pid: int) -> list[psutil.Process]:
    """A process and its children."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
