"""A child process of the local stack: its health, its log, its end."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from referral.log.progress_watch import RESTART_STATUS
from referral_tools.stack.process import Process, ProcessUnhealthy
from referral_tools.stack.restart_policy import RestartPolicy
from referral_tools.stack.supervisor import SupervisedProcess, Supervisor
from tests.support.waiting import is_within

UP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
PARENT = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
# Sends SIGTERM once the one it is for catches it; before that it would end the test run.
ASKER = """
import os, re, time
pid = int(os.environ["PID"])
while not int(re.search(r"SigCgt:\\s*(\\w+)", open(f"/proc/{pid}/status").read())[1], 16) & 1 << 14:
    time.sleep(0.01)
os.kill(pid, 15)
"""

Make = Callable[..., Process]


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Make]:
    """Makes a process that runs Python code; what still runs at the end is killed."""
    made: list[Process] = []

    def make(code: str, name: str = "child", **env: str) -> Process:
        made.append(Process(name, [sys.executable, "-c", code], tmp_path / "logs" / f"{name}.log", env))
        return made[-1]

    yield make
    for process in made:
        process.kill()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor; what it holds is stopped, and this process hears signals as before."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    made = Supervisor()
    yield made
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    made.stop()


def said(process: Process) -> bool:
    """Whether it has printed something."""
    return process.log.exists() and process.log.stat().st_size > 0


def gone(pid: int, within: float = 10) -> bool:
    """Whether this process ends in time; one that waits to be buried has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_output_goes_to_the_log_and_the_environment_comes_in(python: Make) -> None:
    """What a process prints is found in its file, errors too."""
    process = python("import os, sys; print(os.environ['WORD']); sys.stderr.write('oops')", WORD="hello").start()
    assert gone(process.pid)
    assert process.log.read_text().split() == ["hello", "oops"]


def test_one_that_dies_before_it_is_healthy_is_reported_with_its_last_words(python: Make) -> None:
    """Nobody waits for the time-out of something dead, and the reason is on the screen."""
    process = python("import sys; sys.exit('no port for me')").start()
    with pytest.raises(ProcessUnhealthy, match=r"child ended with status 1 before it was healthy(?s:.*)no port for me"):
        process.wait_healthy(lambda: False, timeout=150)


def test_one_that_is_never_healthy_is_reported_in_time(python: Make) -> None:
    """The wait is bounded."""
    process = python("import time; print('warming up', flush=True); time.sleep(60)").start()
    process.wait_healthy(lambda: said(process), timeout=150)
    with pytest.raises(ProcessUnhealthy, match=r"not healthy within 0\.2 s(?s:.*)warming up"):
        process.wait_healthy(lambda: False, timeout=0.2)


def test_one_that_ignores_the_polite_signal_is_ended_after_the_grace(python: Make) -> None:
    """An end is an end."""
    process = python(STUBBORN).start()
    process.wait_healthy(lambda: said(process), timeout=150)
    process.terminate(grace=0.2)
    assert not process.alive
    assert gone(process.pid)


def test_a_stopped_one_can_be_terminated(python: Make) -> None:
    """A process under SIGSTOP is woken to hear the signal, so that it ends by itself and not by force."""
    process = python(UP).start()
    process.wait_healthy(lambda: said(process), timeout=150)
    process.signal(signal.SIGSTOP)
    began = time.monotonic()
    process.terminate(grace=30)
    assert is_within(15, began)


def test_killing_one_ends_what_it_started(python: Make) -> None:
    """Its whole process group goes: a server's workers too."""
    process = python(PARENT).start()
    process.wait_healthy(lambda: said(process), timeout=150)
    grandchild = int(process.log.read_text())
    process.kill()
    assert gone(grandchild)


def test_one_that_was_never_started_can_be_stopped(python: Make) -> None:
    """Cleaning up after a failed start needs no care."""
    process = python("")
    process.terminate()
    process.kill()
    assert (process.pid, process.alive) == (0, False)


def test_it_can_be_started_again_and_goes_on_in_the_same_log(python: Make) -> None:
    """A chaos test kills it and brings it back."""
    process = python(UP).start()
    process.wait_healthy(lambda: said(process), timeout=150)
    first = process.pid
    process.kill()
    process.start().wait_healthy(lambda: process.log.read_text().count("up") == 2, timeout=150)
    assert process.alive
    assert process.pid != first


def test_the_supervisor_waits_until_it_is_asked_and_stops_all(python: Make, supervisor: Supervisor) -> None:
    """SIGTERM ends the wait, as Ctrl-C does, and nothing that was started stays."""
    processes = [python(UP, name) for name in ("one", "two")]
    supervisor.start([SupervisedProcess(process, partial(said, process)) for process in processes])
    python(ASKER, "asker", PID=str(os.getpid())).start()
    supervisor.wait()
    supervisor.stop()
    assert not any(process.alive for process in processes)


def test_the_supervisor_reports_one_that_dies(python: Make, supervisor: Supervisor) -> None:
    """Whoever watches the terminal sees which died and its last words."""
    process = python("import time; print('cannot go on', flush=True); time.sleep(60)", "fragile")
    supervisor.start([SupervisedProcess(process, partial(said, process))])
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ProcessUnhealthy, match=r"fragile has died(?s:.*)cannot go on"):
        supervisor.wait()


def test_one_that_is_stalled_before_it_is_healthy_is_started_again_twice(python: Make, tmp_path: Path) -> None:
    """As by whoever supervises it; a third time it is reported."""
    starts = tmp_path / "starts"
    count = f"import pathlib\np = pathlib.Path({str(starts)!r})\nn = len(p.read_text()) if p.exists() else 0\n"
    count += f"p.write_text('x' * (n + 1))\nif n < 2: raise SystemExit({RESTART_STATUS})\n"
    process = python(f"{count}print('up', flush=True); import time; time.sleep(60)").start()
    process.wait_healthy(lambda: said(process), timeout=150)
    assert starts.read_text() == "xxx"
    always = python(f"raise SystemExit({RESTART_STATUS})", "always").start()
    with pytest.raises(ProcessUnhealthy, match=f"always ended with status {RESTART_STATUS} before it was healthy"):
        always.wait_healthy(lambda: False, timeout=150)


def test_the_supervisor_starts_a_stalled_process_again(python: Make, supervisor: Supervisor, tmp_path: Path) -> None:
    """It ends with the status that asks for it; the others go on."""
    marker = tmp_path / "stalled"
    first_start = f"import pathlib\np = pathlib.Path({str(marker)!r})\n"
    first_start += f"if not p.exists(): p.touch(); raise SystemExit({RESTART_STATUS})\n"
    stalled = python(f"{first_start}{ASKER}time.sleep(60)", "stalled", PID=str(os.getpid()))
    supervisor.start([SupervisedProcess(stalled, marker.exists)])
    first = stalled.pid
    supervisor.wait()  # the second one ends it
    assert stalled.alive
    assert stalled.pid != first


def test_the_supervisor_reports_the_death_of_one_it_only_watches(python: Make, supervisor: Supervisor) -> None:
    """A broker is started and stopped by its stack; nothing goes on without it, so its death is told all the same, and first."""
    broker = python("print('disk full', flush=True)", "broker").start()
    supervisor.start([SupervisedProcess(python(UP, "client"), lambda: True)])
    assert gone(broker.pid)
    with pytest.raises(ProcessUnhealthy, match=r"broker has died(?s:.*)disk full"):
        supervisor.wait(also=[broker])


def test_the_supervisor_of_a_cluster_starts_what_dies_again(
    python: Make, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is reported with its end, after a pause in which another takes over; the wait goes on."""
    monkeypatch.setattr("referral_tools.stack.restart_policy._PAUSE_S", 0.5)
    broker, reports = python(UP, "broker").start(), list[str]()
    asker = python(ASKER, "asker", PID=str(os.getpid()))

    def report(text: str) -> None:
        reports.append(text)
        asker.start()

    broker.wait_healthy(lambda: said(broker), timeout=150)
    broker.kill()
    supervisor.wait(also=[broker], restarts=RestartPolicy(), report=report)
    assert reports == ["broker was ended by SIGKILL; it is started again"]
    assert broker.alive
    broker.kill()


def test_all_that_ignore_the_polite_signal_share_one_grace(
    python: Make, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve processes that hang end in ten seconds, not in two minutes."""
    monkeypatch.setattr("referral_tools.stack.supervisor._GRACE_S", 1.5)
    processes = [python(STUBBORN, f"deaf{number}") for number in range(4)]
    supervisor.start([SupervisedProcess(process, partial(said, process)) for process in processes])
    began = time.monotonic()
    supervisor.stop()
    assert is_within(4 * 1.5, began)
    assert not any(process.alive for process in processes)
