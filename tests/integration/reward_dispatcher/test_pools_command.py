"""`referral pools upload|list|check`, and what remains true when processes are killed during uploads and while codes are given."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from referral.config import Settings
from referral.events.rewards import CodeIssued
from referral_tools.cli import main
from referral_tools.stack.ports import free_ports
from tests.support.builders.participants import AMY, person_id
from tests.support.builders.reward_dispatcher import FIRST20, grant, reward_terms
from tests.support.fork_server import ChildProcess
from tests.support.processes import start_module, stop_process
from tests.support.settings import API_SECRET
from tests.support.systems.reward_dispatcher import MODULE, RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration
POOLS = "/v1/programs/prg_glow/pools"


class Killable:
    """Processes that are killed and started again."""

    def __init__(self, stack: ExitStack, environ: dict[str, str]) -> None:
        self._environ = environ
        self._running: dict[tuple[str, ...], ChildProcess] = {}
        stack.callback(lambda: [stop_process(process) for process in self._running.values()])

    def start(self, *words: str) -> None:
        """Starts a process of reward-dispatcher."""
        self._running[words] = start_module(self._environ, MODULE, *words)

    def kill(self, *words: str) -> None:
        """Ends a process at whatever step it is, and starts it again."""
        process = self._running[words]
        process.send_signal(signal.SIGKILL)
        process.wait(150)
        self.start(*words)


@pytest.fixture
def system(settings: Settings, environ: dict[str, str]) -> Iterator[tuple[RewardDispatcher, Killable, str]]:
    """The service, and a second one with both folds that may be killed; and the address of the second."""
    with ExitStack() as stack:
        system = stack.enter_context(serve_reward_dispatcher(settings, environ))
        terms = reward_terms(replace(FIRST20, pool="vip", expires_days=None), version=2)
        system.apply(replace(terms, recorded_at=AMY.recorded_at))
        [port] = free_ports(1)
        processes = Killable(stack, {**system.environ, "REFERRAL_HTTP_PORT": str(port)})
        for words in (("http",), ("fold", "ledger"), ("fold", "pools")):
            processes.start(*words)
        yield system, processes, f"http://127.0.0.1:{port}"


def _run(system: RewardDispatcher, url: str, *words: str) -> Result:
    environ = {**system.environ, "REFERRAL_URL": url, "REFERRAL_KEY": API_SECRET}
    return CliRunner().invoke(main, ["pools", *words], env=environ)


def _pool(system: RewardDispatcher, name: str = "vip") -> dict[str, Any]:
    return next(
        (one for one in system.client.get(POOLS).json()["items"] if one["pool"] == name), {"uploaded": 0, "issued": 0}
    )


def test_a_file_is_uploaded_listed_and_its_accounts_are_checked(
    system: tuple[RewardDispatcher, Killable, str], tmp_path: Path
) -> None:
    """Text, CSV and JSON; refused lines are named by their line in the file, and end the command with status 1."""
    dispatcher, _, _ = system
    url = str(dispatcher.client.base_url)
    text, table, document = tmp_path / "codes.txt", tmp_path / "codes.csv", tmp_path / "codes.json"
    text.write_text("A1\n\nA2\nx,y\nA1\n", "utf-8")
    table.write_text("value,code\n20%,B1\n20%,B2\n", "utf-8-sig")
    document.write_text(json.dumps({"codes": ["C1", "A2"]}), "utf-8")
    first = wait_until(
        lambda: (found := _run(dispatcher, url, "upload", "prg_glow", "vip", str(text))).exit_code == 1 and found
    )
    # A request that was not decided in time is repeated by the command: then its own codes are there already.
    assert re.search("(2 accepted, 1|0 accepted, 3) duplicates, 1 refused", first.output), first.output
    assert _pool(dispatcher)["uploaded"] == 2
    assert "line 4 contains a separator" in first.output
    assert not list(tmp_path.glob("*.upload-progress"))
    second = _run(dispatcher, url, "upload", "prg_glow", "vip", str(table), "--column", "Code")
    assert (second.exit_code, "2 accepted, 0 duplicates, 0 refused" in second.output) == (0, True), second.output
    third = _run(dispatcher, url, "upload", "prg_glow", "spring", str(document))
    assert "1 accepted, 0 duplicates, 1 refused" in third.output
    assert "line 2 is in pool vip already" in third.output
    for content in ("", "\n\n"):
        text.write_text(content, "utf-8")
        empty = _run(dispatcher, url, "upload", "prg_glow", "vip", str(text))
        assert (empty.exit_code, "codes.txt has no codes" in empty.output) == (2, True), empty.output
    assert "no column" in _run(dispatcher, url, "upload", "prg_glow", "vip", str(table), "--column", "kode").output
    listed = _run(dispatcher, url, "list", "prg_glow")
    assert ["vip", "4", "4", "0", "0", "0", "100", "LOW"] in [line.split() for line in listed.output.splitlines()]
    checked = _run(dispatcher, url, "check", "prg_glow")
    assert checked.exit_code == 0, checked.output
    assert [line.split() for line in checked.output.splitlines()[1:]] == [
        ["spring", "1", "1", "0", "0", "0"],
        ["vip", "4", "4", "0", "0", "0"],
    ]


def test_a_code_that_the_log_gives_twice_is_found(
    system: tuple[RewardDispatcher, Killable, str], tmp_path: Path
) -> None:
    """The check ends with status 1 and names the pool."""
    dispatcher, _, _ = system
    url, file = str(dispatcher.client.base_url), tmp_path / "codes.txt"
    file.write_text("A1\nA2\n", "utf-8")
    wait_until(lambda: _run(dispatcher, url, "upload", "prg_glow", "vip", str(file)).exit_code == 0)
    dispatcher.write_rewards([grant("rwd_0", pool="vip", beneficiary=person_id("xhs:friend0"))])
    wait_until(lambda: _pool(dispatcher)["issued"] == 1)
    assert _run(dispatcher, url, "check", "prg_glow", "vip").exit_code == 0
    forged = CodeIssued(
        occurred_at=AMY.recorded_at,
        program="prg_glow",
        id="rwd_1",
        beneficiary=person_id("xhs:friend1"),
        pool="vip",
        sealed_code="x",
        cause=("pools", 0, 10**6, 0, 0),
    )
    dispatcher.write_rewards([forged])
    found = _run(dispatcher, url, "check", "prg_glow", "vip")
    assert (found.exit_code, "2 rewards have one code" in found.output) == (1, True), found.output


def test_no_code_is_lost_or_given_twice_whatever_is_killed(
    system: tuple[RewardDispatcher, Killable, str], tmp_path: Path
) -> None:
    """Service, pools and ledger are killed during an upload and while codes are given; the upload goes on by itself."""
    dispatcher, processes, url = system
    total, rewards = 200_000, 3_000
    file = tmp_path / "codes.txt"
    file.write_text("".join(f"GLOW-{number:06}\n" for number in range(total)), "utf-8")
    wait_until(lambda: is_ready_at(url))
    grants = [grant(f"rwd_{n}", pool="vip", beneficiary=person_id(f"xhs:friend{n % 50}")) for n in range(rewards)]
    dispatcher.write_rewards(grants[: rewards // 3])
    command = [sys.executable, "-m", "referral_tools", "pools", "upload", "prg_glow", "vip", str(file)]
    environ = {**os.environ, **dispatcher.environ, "REFERRAL_URL": url, "REFERRAL_KEY": API_SECRET}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as uploading:
        for uploaded, words in (
            (2_000, ("http",)),
            (60_000, ("fold", "pools")),
            (90_000, ("http",)),
            (120_000, ("fold", "ledger")),
        ):
            wait_until(lambda least=uploaded: _pool(dispatcher)["uploaded"] >= least)
            processes.kill(*words)
        dispatcher.write_rewards(grants[rewards // 3 :])
        for issued, words in ((rewards // 2, ("fold", "pools")), (rewards * 2 // 3, ("fold", "ledger"))):
            wait_until(lambda least=issued: _pool(dispatcher)["issued"] >= least)
            processes.kill(*words)
        output = uploading.communicate(timeout=240)[0].decode()
        assert uploading.returncode == 0, output
    wait_until(lambda: _pool(dispatcher)["issued"] == rewards and _codes_given(dispatcher, 50) == rewards)
    level = _pool(dispatcher)
    assert (level["uploaded"], level["left"], level["void"]) == (total, total - rewards, 0)
    given = _codes(dispatcher, 50)
    assert sorted(given) == [f"GLOW-{number:06}" for number in range(rewards)], "the first codes, each once"
    checked = _run(dispatcher, str(dispatcher.client.base_url), "check", "prg_glow")
    assert checked.exit_code == 0, checked.output
    expected = ["vip", f"{total:,}", f"{total - rewards:,}", "0", f"{rewards:,}", "0"]
    assert expected in [line.split() for line in checked.output.splitlines()]


def is_ready_at(url: str) -> bool:
    """Whether the service at an address is ready."""
    import httpx

    with httpx.Client(base_url=url, timeout=5) as client:
        return is_ready(client)


def _codes(system: RewardDispatcher, people: int) -> list[str]:
    return [str(one["code"]) for number in range(people) for one in system.wallet(f"xhs:friend{number}") if one["code"]]


def _codes_given(system: RewardDispatcher, people: int) -> int:
    return len(_codes(system, people))
