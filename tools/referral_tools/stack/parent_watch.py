"""Runs a command that ends with the one who started it: `python -m referral_tools.stack.parent_watch PARENT-PID COMMAND…`.

Linux sends a chosen signal to a process when its parent dies (prctl(2), PR_SET_PDEATHSIG); the setting outlives exec.
It is set here, in a process of its own, because code between fork and exec in a threaded parent may deadlock. The
signal is sent when the parent *thread* dies, so children must be started by one that stays, i.e. the main one.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Makes this process receive SIGTERM when its parent process ends. Exits if that is no longer `parent`."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the setting took effect
        sys.exit(1)


def main(parent: int, command: list[str]) -> None:
    """Becomes the command."""
    end_with_parent(parent)
    os.execvp(command[0], command)  # noqa: S606 - running a command is what this is for  # nosec B606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
