"""The demo's data folder."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from referral_tools.cli import main
from referral_tools.demo.data_folder import empty_folder
from referral_tools.system import free_base


def test_an_earlier_demos_data_is_removed(tmp_path: Path) -> None:
    """Each demo begins on fresh data, in a folder of its own that may be there already or not."""
    home = tmp_path / "demo"
    empty_folder(home)
    for folder in ("kafka", "directory"):
        (home / folder).mkdir(parents=True)
    (home / "clock").touch()
    empty_folder(home)
    assert not home.exists()


@pytest.mark.parametrize("found", [["thesis.txt"], ["clock", "thesis.txt"], ["kafka", "redis", "signing-key"]])
def test_what_no_demo_made_is_left_alone(tmp_path: Path, found: list[str]) -> None:
    """Neither somebody's files nor what `referral run` keeps: the command names the folder and the way out, and starts nothing."""
    for name in found:
        (tmp_path / name).touch()
    ended = CliRunner().invoke(main, ["demo", "--home", str(tmp_path), "--port-base", str(free_base())])
    assert (ended.exit_code, str(tmp_path) in ended.stderr, "--home" in ended.stderr) == (1, True, True)
    assert sorted(file.name for file in tmp_path.iterdir()) == found
