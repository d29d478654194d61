"""What commands print: whole sentences in help, progress with the time left, and readable reasons when a process ends."""

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from referral_tools.campaign.script import ScriptStep
from referral_tools.cli import main
from referral_tools.demo.data_folder import empty_folder
from referral_tools.demo.progress import show_phase, show_progress
from referral_tools.replay.replay_tables import show_replay
from referral_tools.run_file import RunningSystem, read_run_file, running_addresses
from referral_tools.stack.download_progress import DownloadProgress
from referral_tools.stack.log_text import likely_cause, readable_lines

RUNNING = RunningSystem("http://127.0.0.1:9", {}, "rk_here", "127.0.0.1:2", "redis://127.0.0.1:3/0", replication=3)
ERROR = {
    "service": "delivery",
    "event": "stopped",
    "topic": "referral.rewards",
    "level": "error",
    "at": "2026-11-28T10:20:30Z",
    "exception": "Traceback …\n  File …\nKafkaTimeoutError: no answer within 30 s",
}


def groups(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of every group of commands."""
    if isinstance(command, click.Group):
        yield path
        for name, inner in command.commands.items():
            yield from groups(inner, (*path, name))


@pytest.mark.parametrize("path", list(groups(main)), ids=" ".join)
def test_no_help_cuts_a_sentence(path: tuple[str, ...]) -> None:
    """Each command has its whole first sentence, however narrow the terminal is."""
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=60).output
    commands = shown.partition("Commands:")[2]
    assert commands
    assert "..." not in commands


def test_the_end_of_a_log_is_words() -> None:
    """The likely cause is the last error; JSON lines become time, level and message; other lines stay."""
    lines = [
        "plain text",
        json.dumps(ERROR),
        json.dumps({"event": "bye", "level": "info", "at": "2026-11-28T10:20:31Z"}),
    ]
    assert likely_cause(lines) == "stopped: KafkaTimeoutError: no answer within 30 s (topic=referral.rewards)"
    readable = readable_lines(lines)
    assert readable[0] == "plain text"
    assert readable[1].startswith("10:20:30 error: stopped: KafkaTimeoutError: no answer within 30 s")
    assert readable[2] == "10:20:31 info: bye"
    assert not any("{" in line for line in readable)


@pytest.mark.parametrize("lines", [[], [""], ["{"], ["[1]"], ['{"level": "error"}'], ["null"], ["x" * 9_000]])
def test_any_log_can_be_described(lines: list[str]) -> None:
    """Also one that ends in the middle of a line."""
    assert all(len(line) <= 400 for line in readable_lines(lines))
    assert (likely_cause(lines) is None) == (not "".join(lines))


def test_a_download_shows_what_has_arrived() -> None:
    """Without a terminal a line every ten megabytes."""
    screen = io.StringIO()
    with DownloadProgress("Downloading Kafka (54 MB, once)", screen) as progress:
        for size in ("9.5 MB", "800 kB", "12 MB", "3 B"):
            progress.read(f"[INFO] Downloaded from central: https://repo/kafka.jar ({size} at 4.1 MB/s)\n")
        progress.read("[INFO] BUILD SUCCESS\n")
    assert screen.getvalue().splitlines() == [
        "Downloading Kafka (54 MB, once) …",
        "Downloading Kafka (54 MB, once): 10 MB",
        "Downloading Kafka (54 MB, once): 22 MB",
    ]


def hours(number: int) -> list[ScriptStep]:
    """Returns the script of a campaign of this many hours, with the steps before and after it."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    return [ScriptStep(start + timedelta(hours=hour)) for hour in range(number + 2)]


def test_a_campaign_shows_day_followers_and_time_left() -> None:
    """A line every ten days: the time left follows from the days played so far."""
    screen, seconds = io.StringIO(), iter(range(0, 1000, 10))
    steps = hours(20 * 24)
    console = Console(file=screen, width=200)
    assert list(show_progress(steps, console, lambda: 1204, lambda: next(seconds))) == steps
    assert screen.getvalue().splitlines() == [
        "day 0 of 20 · 1,204 followers · just started",
        "day 10 of 20 · 1,204 followers · about 10 s left",
        "day 20 of 20 · 1,204 followers · about 0 s left",
    ]


def test_on_a_terminal_it_is_one_live_line() -> None:
    """With a bar; it ends at the last day."""
    screen = io.StringIO()
    console = Console(file=screen, width=120, force_terminal=True, color_system=None)
    assert len(list(show_progress(hours(48), console, lambda: 7))) == 50
    assert "day 2 of 2" in screen.getvalue()
    assert "7 followers" in screen.getvalue()


def test_what_is_computed_after_the_campaign_is_shown() -> None:
    """As a line, or on a terminal for as long as it lasts."""
    for terminal in (False, True):
        screen = io.StringIO()
        with show_phase(
            Console(file=screen, width=120, force_terminal=terminal, color_system=None), "Comparing figures"
        ):
            assert terminal or screen.getvalue() == "Comparing figures …\n"
        assert "Comparing figures" in screen.getvalue()


def test_commands_find_the_running_system_also_from_a_folder_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`referral keys` beside `make run` needs no settings; settings in the environment are stronger."""
    monkeypatch.chdir(tmp_path)
    assert read_run_file() is None
    assert running_addresses({}) == {}
    inside = tmp_path / "docs" / "guides"
    inside.mkdir(parents=True)
    with RUNNING.written_to(tmp_path / "var" / "run.json"):
        monkeypatch.chdir(inside)
        assert read_run_file() == RUNNING
        addresses = running_addresses({})
        assert addresses == {
            "REFERRAL_KAFKA": "127.0.0.1:2",
            "REFERRAL_REDIS": "redis://127.0.0.1:3/0",
            "REFERRAL_REPLICATION": "3",
        }
        assert running_addresses({"REFERRAL_KAFKA": "127.0.0.1:2"}) == addresses
        assert running_addresses({"REFERRAL_KAFKA": "127.0.0.1:9"}) == {}, "the settings of two systems are mixed"
    assert read_run_file() is None


@pytest.mark.parametrize("command", [["keys", "list"], ["topics", "ensure", "--wait", "1"], ["adapters", "list"]])
def test_operator_commands_use_the_broker_of_the_running_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """They name its address when it does not answer."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("REFERRAL_")]:
        monkeypatch.delenv(name)
    with RUNNING.written_to(tmp_path / "var" / "run.json"):
        ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 1
    assert "127.0.0.1:2" in ended.stderr


def test_a_demo_may_follow_a_demo_that_was_killed(tmp_path: Path) -> None:
    """Everything that a demo leaves is its own: the front door's files and run.json too."""
    home = tmp_path / "demo"
    home.mkdir()
    for name in ("clock", "run.json", "summary.json", "signing-key", "api-key", "server.properties"):
        (home / name).touch()
    for name in ("kafka", "redis", "logs", "nginx"):
        (home / name).mkdir()
    empty_folder(home)
    assert not home.exists()


def test_a_replay_that_changes_nothing_says_why() -> None:
    """Instead of a table without rows."""
    pair = {"before": 3, "after": 3}
    job = {
        "result": {
            "referrers": {"gaining": 0, "losing": 0, "items": []},
            "totals": dict.fromkeys(("referrals", "held", "referrer_rewards", "friend_rewards", "capped"), pair)
            | {"values": [{"unit": "CNY", "before": 500, "after": 800}], "costs": []},
            "people": {"changed": 0},
            "as_recorded": {"equal": True, "lines": 5},
        },
        "progress": {"events": 5, "seconds": 1.0, "events_per_second": 5.0},
    }
    screen = io.StringIO()
    show_replay(Console(file=screen, width=200), job)
    assert "these rules decide as the rules in force at the time did" in screen.getvalue()
    assert "gain, 0 lose" not in screen.getvalue()
    assert "5.00 → 8.00" in screen.getvalue()
    assert "+3.00" in screen.getvalue()
