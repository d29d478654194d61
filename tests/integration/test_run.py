"""`referral run`: the whole system from one command, found through run.json, used over HTTP, gone after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from referral_tools.system import SERVICES, free_base

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

_START_S = 150
_FOLD_S = 30
_EVENT = {"program": "prg_glow", "channel": "wechat"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder, the same for all runs of this module."""
    return tmp_path_factory.mktemp("run")


@contextmanager
def running(home: Path, base: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The command, from when it has told where it is; ended in the end, whatever happens."""
    command = [sys.executable, "-m", "referral_tools", "run", "--home", str(home)]
    environ = os.environ | {"REFERRAL_PORT_BASE": str(base)}
    with (
        output_of(home).open("w") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as run,
    ):
        try:
            until(lambda: (home / "run.json").exists() or run.poll() is not None, _START_S)
            yield run
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(60)


def output_of(home: Path) -> Path:
    """What the command said."""
    return home / "output"


def until(met: Callable[[], bool], seconds: float) -> None:
    """Returns once the condition is met; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


class Platform:
    """A script that found the system through run.json."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._services = told["services"]
        self._http = httpx.Client(headers={"Authorization": f"Bearer {told['api_key']}"}, timeout=10)

    def ask(self, method: str, service: str, path: str, body: object = None) -> Any:
        """The answer's JSON; fails where it is no success."""
        answer = self._http.request(method, self._services[service] + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def follow(self, person: str, code: str) -> None:
        """Somebody new follows with a friend's code."""
        now = datetime.now(UTC).isoformat()
        event = _EVENT | {"id": f"evt_{person}", "type": "person.followed", "person": person, "occurred_at": now}
        assert self.ask("POST", "conversion-tracker", "/v1/events", event | {"code": code})["accepted"] == 1

    def board(self) -> list[tuple[str, int]]:
        """Who brought how many."""
        board = self.ask("GET", "leaderboard", "/v1/programs/prg_glow/boards/referrals?period=all")
        return [(entry["external_id"], entry["score"]) for entry in board["entries"]]


def test_one_command_runs_everything_and_ctrl_c_ends_it(home: Path) -> None:
    """A referral goes from a platform's event to the board and to both sides' wallets; then no process stays."""
    base = free_base()
    with running(home, base) as run:
        platform = Platform(json.loads((home / "run.json").read_text()))
        children = psutil.Process(run.pid).children(recursive=True)
        version = platform.ask("GET", "link-issuer", "/v1/programs/prg_glow")
        until(lambda: datetime.now(UTC) > datetime.fromisoformat(version["effective_from"]), 10)
        amy = platform.ask("POST", "link-issuer", "/v1/programs/prg_glow/participants", {"external_id": "xhs:amy"})
        platform.follow("xhs:ben", amy["code"])
        until(lambda: platform.board() == [("xhs:amy", 1)], _FOLD_S)
        for person, rule in (("xhs:amy", "guide"), ("xhs:ben", "first20")):
            until(lambda person=person, rule=rule: rule in rules_of(platform, person), _FOLD_S)
    assert run.returncode == 0, output_of(home).read_text()
    assert not (home / "run.json").exists()
    assert psutil.wait_procs(children, timeout=20)[1] == []


def rules_of(platform: Platform, person: str) -> list[str]:
    """The rules that gave a person a reward."""
    wallet = platform.ask("GET", "reward-dispatcher", f"/v1/programs/prg_glow/people/{person}/rewards")
    return [reward["rule"] for reward in wallet["items"]]


def test_it_starts_again_on_its_data_at_another_base(home: Path) -> None:
    """What was counted is still there, the key is the same, and every service is at its place."""
    base = free_base()
    with running(home, base):
        told = json.loads((home / "run.json").read_text())
        assert told["services"] == {name: f"http://127.0.0.1:{base + at}" for at, name in enumerate(SERVICES, start=1)}
        assert Platform(told).board() == [("xhs:amy", 1)]


def test_a_taken_port_is_refused_by_name(home: Path) -> None:
    """The message names the port and the way out, before anything is started."""
    base = free_base()
    with running_on(base + 3), running(home, base) as run:
        pass
    assert run.returncode == 1
    assert f"port {base + 3} is taken" in output_of(home).read_text()
    assert "REFERRAL_PORT_BASE" in output_of(home).read_text()


@contextmanager
def running_on(port: int) -> Iterator[None]:
    """Somebody else listens there."""
    import socket

    with socket.create_server(("127.0.0.1", port)):
        yield
