"""A child process that is forked from one with everything imported behaves like one of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from referral_tools.stack.fork_server import ForkServer
from referral_tools.stack.forked_process import ForkedProcess
from referral_tools.stack.process import ProcessUnhealthy
from tests.support.processes import start_module
from tests.support.waiting import wait_until

CHILD = """
import os, sys, time
facts = os.environ["WORD"], "HOME" in os.environ, os.getpgid(0) == os.getpid(), "flask" in sys.modules
print(__name__, sys.argv[1:], *facts, flush=True)
if sys.argv[1:] == ["sleep"]:
    time.sleep(60)
sys.exit(3)
"""
PARENT = """
import sys, time
from pathlib import Path
from referral_tools.stack.fork_server import ForkServer
from referral_tools.stack.forked_process import ForkedProcess
sys.path.insert(0, sys.argv[1])
process = ForkedProcess(ForkServer(), "child", "forked_child", ["sleep"], Path(sys.argv[1]) / "log", {"WORD": "yes"})
print(process.start().pid, flush=True)
time.sleep(60)
"""
_SAMPLE = 1000
PAGES_OF_NEW_OBJECTS = f"""
import json
import referral_tools.stack.preloaded
objects = {{size: [bytes(size - 33) for _ in range({_SAMPLE})] for size in (48, 64, 80, 128, 256, 512)}}
print(json.dumps({{size: len({{id(one) >> 12 for one in made}}) for size, made in objects.items()}}))
"""

Make = Callable[..., ForkedProcess]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Starts the child with arguments; it is killed at the end."""
    (tmp_path / "forked_child.py").write_text(CHILD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("WORD", "of the parent")
    started: list[ForkedProcess] = []
    server = ForkServer()
    log = tmp_path / "logs" / "log"

    def start(*words: str) -> ForkedProcess:
        started.append(ForkedProcess(server, "child", "forked_child", words, log, {"WORD": "its own"}))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()
    server.close()


def test_it_runs_a_module_with_arguments_environment_and_log_in_a_group_of_its_own(run: Make) -> None:
    """As `python -m` does; the modules of the services are there before it imports them."""
    process = run("one", "two")
    wait_until(lambda: not process.alive)
    assert process.describe_end() == "ended with status 3"
    assert process.log.read_text() == "__main__ ['one', 'two'] its own True True True\n"
    with pytest.raises(ProcessUnhealthy, match=r"child ended with status 3 before it was healthy"):
        process.wait_healthy(lambda: False, 60)


def test_it_ends_at_a_signal_and_can_be_started_again(run: Make) -> None:
    """SIGTERM ends it, SIGKILL too, and its status names the signal."""
    process = run("sleep")
    wait_until(lambda: process.log.exists() and "sleep" in process.log.read_text())
    process.terminate()
    assert process.describe_end() == "was ended by SIGTERM"
    first = process.pid
    process.start()
    assert process.alive
    assert process.pid != first
    process.kill()
    assert process.describe_end() == "was ended by SIGKILL"


def test_without_a_log_its_output_goes_where_that_of_its_starter_goes(capfd: pytest.CaptureFixture[str]) -> None:
    """At that time: a test that looks for something in the output of its processes finds it."""
    assert start_module({}, "this").wait(150) == 0
    assert "Namespaces are one honking great idea" in capfd.readouterr().out


def test_it_never_outlives_the_process_that_started_it(run: Make, tmp_path: Path) -> None:
    """Not even after SIGKILL."""
    run("ignored")  # writes the module
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child, log = psutil.Process(int(parent.stdout.readline())), tmp_path / "log"
        wait_until(lambda: log.exists() and "sleep" in log.read_text())
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_new_objects_have_pages_of_their_own() -> None:
    """Those of a process are not spread over the slots that imports left free, whose pages it would then no longer share."""
    command = [sys.executable, "-c", PAGES_OF_NEW_OBJECTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spread = {int(size): pages for size, pages in json.loads(done.stdout).items()}
    assert {size: pages for size, pages in spread.items() if pages > 1.2 * _SAMPLE * size / 4096 + 8} == {}
