"""`referral run` as a process of its own, with what each of its processes spends and holds."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.world import until
from referral.config import Settings
from referral_tools.run_file import RunningSystem, read_run_file
from referral_tools.system import free_base

_START_S = 150
_COMMAND = "referral run"

ByProcess = dict[str, float]
"""A figure of each process, by its name in the table of processes."""


class MeasuredSystem:
    """A running system: its addresses and settings, and the figures of its processes.

    A process belongs to the name of the log that it writes into; `referral run` itself writes into none of them.
    """

    def __init__(self, home: Path, process: "subprocess.Popen[bytes]", running: RunningSystem) -> None:
        self._logs = str(home / "logs")
        self._process = psutil.Process(process.pid)
        self.running = running
        self.settings = Settings.from_env(
            {
                "REFERRAL_KAFKA": running.kafka,
                "REFERRAL_REDIS": running.redis,
                "REFERRAL_SIGNING_KEY": (home / "signing-key").read_text().strip(),
                "REFERRAL_LOG_LEVEL": "warning",
            }
        )

    def cpu_seconds(self) -> ByProcess:
        """Processor time since the start, user and system, with that of children that have ended."""
        return self._sums(lambda process: sum(process.cpu_times()[:4]))

    def memory_mb(self) -> ByProcess:
        """Proportional set size, MB: a page that several processes share counts in each by its part."""
        return self._sums(lambda process: process.memory_full_info().pss / 1e6)

    def _sums(self, figure: Callable[[psutil.Process], float]) -> ByProcess:
        sums: Counter[str] = Counter()
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                sums[self._name(process)] += figure(process)
        return dict(sums)

    def _name(self, process: psutil.Process) -> str:
        log = Path(f"/proc/{process.pid}/fd/1").readlink()
        return log.stem if str(log.parent) == self._logs else _COMMAND


@contextmanager
def running_system(home: Path) -> Iterator[MeasuredSystem]:
    """Runs the system with its data under `home` on free ports; ends it with the block."""
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "referral_tools", "run", "--home", str(home), "--port-base", str(free_base())]
    with (home / "output").open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            until(lambda: (home / "run.json").exists() or process.poll() is not None, _START_S)
            running = read_run_file(home / "run.json")
            if running is None:
                raise RuntimeError(f"the system did not start:\n{(home / 'output').read_text()}")
            yield MeasuredSystem(home, process, running)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def difference(after: ByProcess, before: ByProcess) -> ByProcess:
    """Figure by figure; a process that has started since began with 0."""
    return {name: value - before.get(name, 0.0) for name, value in after.items()}
