"""`referral run`: the whole system from one command, found through run.json, used over HTTP, gone after Ctrl-C."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from referral_tools.system import SERVICES, free_base, is_reachable
from tests.support.systems.command import output_of, run_command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

_FOLD_S = 150


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder, the same for all runs of this module."""
    return tmp_path_factory.mktemp("run")


class Reader:
    """Somebody who pastes README's commands for a first event into bash; only the ports are this system's own."""

    def __init__(self, home: Path, base: int) -> None:
        section = Path("README.md").read_text("utf-8").partition("## Send a first event")[2].partition("\n## ")[0]
        blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        self._greeting, self._tell, self._ask = (
            block.replace("localhost:800", f"localhost:{base // 10}") for block in blocks
        )
        (home / "var").mkdir(exist_ok=True)
        (home / "var" / "run.json").write_bytes((home / "run.json").read_bytes())
        self._home = home

    def tells(self) -> list[Any]:
        """Sends what is to be sent; the answers."""
        return self._paste(self._tell)

    def asks(self) -> list[Any]:
        """Asks what has come of it; the answers."""
        return self._paste(self._ask)

    def _paste(self, block: str) -> list[Any]:
        done = subprocess.run(
            ["bash", "-c", self._greeting + block],
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return [json.loads(answer) for answer in done.stdout.splitlines() if answer]


def test_one_command_runs_everything_and_ctrl_c_ends_it(home: Path) -> None:
    """README's first event, as it stands there, goes to the board and to both sides' wallets; then no process stays."""
    base = free_base()
    with run_command(home, base) as run:
        children = psutil.Process(run.pid).children(recursive=True)
        reader = Reader(home, base)
        amy, accepted = reader.tells()
        assert (amy["code"][:3], accepted) == ("AMY", {"accepted": 1, "rejected": [], "warnings": []})
        wait_until(lambda: come_of_it(reader.asks()) == ("xhs:amy", ["first20"], ["guide"], [("Amy", 1)]), _FOLD_S)
    assert run.returncode == 0, output_of(home).read_text()
    assert not (home / "run.json").exists()
    assert psutil.wait_procs(children, timeout=150)[1] == []


def come_of_it(answers: list[Any]) -> tuple[str | None, list[str], list[str], list[tuple[str, int]]]:
    """Who brought Bo, by which rules Bo and Amy have rewards, and the board."""
    bo, bo_has, amy_has, board = answers
    referrer = (bo.get("referrer") or {}).get("external_id")
    return referrer, rules_of(bo_has), rules_of(amy_has), board_of(board)


def rules_of(wallet: dict[str, Any]) -> list[str]:
    """The rules that gave a person a reward."""
    return [reward["rule"] for reward in wallet["items"]]


def board_of(board: dict[str, Any]) -> list[tuple[str, int]]:
    """Who brought how many."""
    return [(entry["display_name"], entry["score"]) for entry in board["entries"]]


def test_it_starts_again_on_its_data_at_another_base_and_says_so_when_its_broker_dies(home: Path) -> None:
    """What was counted is still there, every service at its place; without its broker it ends, names it, and leaves no process."""
    base = free_base()
    with run_command(home, base) as run:
        told = json.loads((home / "run.json").read_text())
        assert told["services"] == {name: f"http://127.0.0.1:{base + at}" for at, name in enumerate(SERVICES, start=1)}
        wait_until(lambda: board_of(Reader(home, base).asks()[-1]) == [("Amy", 1)], _FOLD_S)
        children = psutil.Process(run.pid).children(recursive=True)
        (broker,) = (child for child in children if "kafka.Kafka" in child.cmdline())
        broker.kill()
        assert run.wait(150) == 1
    assert "kafka has died" in output_of(home).read_text()
    assert psutil.wait_procs(children, timeout=150)[1] == []


def test_a_cluster_goes_on_without_one_of_each_and_starts_it_again(tmp_path: Path) -> None:
    """Three brokers, six nodes of Redis, two workers a fold: what is killed is reported and started; Ctrl-C ends everything."""
    base = free_base()
    with run_command(tmp_path, base, "--cluster") as run:
        children = psutil.Process(run.pid).children(recursive=True)
        brokers = [child for child in children if "kafka.Kafka" in child.cmdline()]
        nodes = [child for child in children if "redis-server" in child.name()]
        workers = [listener(children, base + port) for port in (12, 52)]  # of the fold `attribute`
        assert (len(brokers), len(nodes), len(set(workers))) == (3, 6, 2)
        victims = (brokers[0], nodes[0], workers[0])
        for victim in victims:
            victim.kill()
        reader = Reader(tmp_path, base)
        wait_until(lambda: len(re.findall("is started again", output_of(tmp_path).read_text())) == len(victims))
        wait_until(lambda: all(is_reachable(f"http://127.0.0.1:{base + port}/readyz") for port in (1, 2, 3, 4, 12)))
        reader.tells()
        wait_until(lambda: come_of_it(reader.asks()) == ("xhs:amy", ["first20"], ["guide"], [("Amy", 1)]), _FOLD_S)
        children += psutil.Process(run.pid).children(recursive=True)
    assert run.returncode == 0, output_of(tmp_path).read_text()
    assert psutil.wait_procs(children, timeout=150)[1] == []


def test_a_taken_port_is_refused_by_name(home: Path) -> None:
    """The message names the port and the way out, before anything is started."""
    base = free_base()
    with running_on(base + 3), run_command(home, base) as run:
        pass
    assert run.returncode == 1
    assert f"port {base + 3} is taken" in output_of(home).read_text()
    assert "REFERRAL_PORT_BASE" in output_of(home).read_text()


def listener(processes: list[psutil.Process], port: int) -> psutil.Process:
    """The process that listens on a port."""
    return next(
        one
        for one in processes
        if any(socket.laddr.port == port for socket in one.net_connections() if not socket.raddr)
    )


@contextmanager
def running_on(port: int) -> Iterator[None]:
    """Somebody else listens there."""
    import socket

    with socket.create_server(("127.0.0.1", port)):
        yield
