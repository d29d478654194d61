"""A month ends for many boards while the process is killed: every board is closed once, as without a kill."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.redis_servers import connect_to_redis, empty
from tests.support.scenarios import month_end_process
from tests.support.scenarios.month_end_process import FileLog, closed_boards

pytestmark = pytest.mark.integration

BOARDS = 600
KILLS = 6


def run(folder: Path, redis_url: str, kill_after_s: float | None = None) -> bool:
    """Runs the month end, with SIGKILL that long after closing began; returns whether it came to its end."""
    command = [sys.executable, "-m", month_end_process.__name__, str(folder), redis_url, str(BOARDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "closing\n"
        if kill_after_s is None:
            return process.wait() == 0
        try:
            return process.wait(kill_after_s) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            return False


def test_a_month_end_with_kills_closes_each_board_as_without_them(redis_url: str, tmp_path: Path) -> None:
    """Equal bytes of every closing, whatever was killed when; the log may have repeated lines, which readers skip."""
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    quiet.mkdir()
    killed.mkdir()
    began = time.monotonic()
    assert run(quiet, redis_url)
    usual_s = time.monotonic() - began
    empty(connect_to_redis(redis_url))
    chance = random.Random(7)
    for _ in range(KILLS):
        run(killed, redis_url, chance.uniform(0, usual_s / 4))
    assert run(killed, redis_url)
    expected = closed_boards(FileLog(quiet))
    assert len(expected) == BOARDS
    assert closed_boards(FileLog(killed)) == expected
