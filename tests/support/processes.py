"""Runs a service's module as a child process, as an operator would."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.fork_server import ChildProcess

_GRACE_S = 15


@contextmanager
def run_module(environ: Mapping[str, str], module: str, *arguments: str) -> Iterator[ChildProcess]:
    """Yields the process `python -m MODULE ARGUMENTS`; stops it when the block ends."""
    process = start_module(environ, module, *arguments)
    try:
        yield process
    finally:
        stop_process(process)


def start_module(environ: Mapping[str, str], module: str, *arguments: str) -> ChildProcess:
    """Returns the started process `python -m MODULE ARGUMENTS`."""
    return ChildProcess(module, arguments, {**os.environ, **environ})


def stop_process(process: ChildProcess) -> None:
    """Terminates a process; kills it if it does not end within the grace period."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
