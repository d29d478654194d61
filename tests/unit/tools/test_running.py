"""run.json: what scripts read to find a running system."""

import json
import stat
from pathlib import Path

from referral_tools.private_files import load_or_create_secret
from referral_tools.run_file import RunningSystem

HERE = RunningSystem(
    "http://127.0.0.1:9",
    {"leaderboard": "http://127.0.0.1:1"},
    "rk_here",
    "127.0.0.1:2",
    "redis://127.0.0.1:3/0",
    "/var/directory",
)
THERE = RunningSystem(
    "http://127.0.0.1:9", {"leaderboard": "http://127.0.0.1:4"}, "rk_there", "127.0.0.1:5", "redis://127.0.0.1:6/0"
)


def test_it_holds_what_scripts_need_while_the_system_runs(tmp_path: Path) -> None:
    """Addresses by service name, the key, broker and Redis; the file is gone when the system is."""
    path = tmp_path / "var" / "run.json"
    with HERE.written_to(path):
        assert json.loads(path.read_text()) == {
            "front": "http://127.0.0.1:9",
            "services": {"leaderboard": "http://127.0.0.1:1"},
            "api_key": "rk_here",
            "kafka": "127.0.0.1:2",
            "redis": "redis://127.0.0.1:3/0",
            "directory": "/var/directory",
            "replication": 1,
        }
    assert list(path.parent.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds a key that may do everything; also where a file that anybody could read was there before."""
    path = tmp_path / "run.json"
    path.write_text("{}")
    path.chmod(0o644)
    with HERE.written_to(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_system_that_ends_leaves_the_file_of_the_one_that_came_after(tmp_path: Path) -> None:
    """Two systems side by side: the file tells of the last started, and stays while that runs."""
    path = tmp_path / "run.json"
    later = THERE.written_to(path)
    with HERE.written_to(path):
        later.__enter__()
    assert json.loads(path.read_text())["api_key"] == "rk_there"
    later.__exit__(None, None, None)
    assert not path.exists()


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Tokens and keys of a data folder outlive a restart."""
    made = iter(("first", "second"))
    path = tmp_path / "home" / "signing-key"
    assert load_or_create_secret(path, lambda: next(made)) == "first"
    assert load_or_create_secret(path, lambda: next(made)) == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
