"""`referral run` as a process: the whole system from one command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_until

_START_S = 240


@contextmanager
def run_command(home: Path, base: int, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Yields the process once it has written run.json or ended; interrupts it when the block ends."""
    command = [sys.executable, "-m", "referral_tools", "run", "--home", str(home), *options]
    environ = os.environ | {"REFERRAL_PORT_BASE": str(base)}
    with (
        output_of(home).open("w") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process,
    ):
        try:
            wait_until(lambda: (home / "run.json").exists() or process.poll() is not None, _START_S)
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(150)


def output_of(home: Path) -> Path:
    """Returns the file with the command's output."""
    return home / "output"
