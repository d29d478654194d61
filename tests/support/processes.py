"""Runs a service's module as a child process, as an operator would."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_GRACE_S = 15


@contextmanager
def run_module(environ: Mapping[str, str], module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Yields the process `python -m MODULE ARGUMENTS`; stops it when the block ends."""
    process = start_module(environ, module, *arguments)
    try:
        yield process
    finally:
        stop_process(process)


def start_module(environ: Mapping[str, str], module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Returns the started process `python -m MODULE ARGUMENTS`."""
    return subprocess.Popen([sys.executable, "-m", module, *arguments], env={**os.environ, **environ})


def stop_process(process: "subprocess.Popen[bytes]") -> None:
    """Terminates a process; kills it if it does not end within the grace period."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
