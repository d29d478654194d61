"""Bringing the broker's jars. Maven is stood in for by a script: what is tested is what we make of its doing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from referral_tools.stack.jars import MissingProgram, NoJars, jars

BRINGS = """
echo call >> "$(dirname "$0")/calls"
for word; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done
mkdir -p "$out"
echo first > "$out/first.jar"
"""
BREAKS_OFF = BRINGS + "echo 'the line is dead'; exit 1\n"
WHOLE = BRINGS + 'sleep 0.3; echo second > "$out/second.jar"\n'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that are found first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def install(folder: Path, script: str) -> None:
    """Makes this script the `mvn` of the test."""
    (folder / "mvn").write_text(f"#!/bin/sh\n{script}")
    (folder / "mvn").chmod(0o755)


def test_a_download_that_broke_off_is_not_taken_for_whole(programs: Path, tmp_path: Path) -> None:
    """The next start tries again, and what Maven said is in the error."""
    install(programs, BREAKS_OFF)
    with pytest.raises(NoJars, match="the line is dead"):
        jars(tmp_path / "var")
    install(programs, WHOLE)
    assert sorted(jar.name for jar in jars(tmp_path / "var").iterdir()) == ["first.jar", "second.jar"]


def test_two_at_once_bring_them_once(programs: Path, tmp_path: Path) -> None:
    """Test runs and a demo that start together neither download twice nor see half a folder."""
    install(programs, WHOLE)
    ask = "import sys; from pathlib import Path; from referral_tools.stack.jars import jars; "
    ask += "print(len(list(jars(Path(sys.argv[1])).iterdir())))"
    command = [sys.executable, "-c", ask, str(tmp_path / "var")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate(timeout=150)[0] for one in both] == ["2\n", "2\n"]
    assert (programs / "calls").read_text() == "call\n"


def test_they_are_brought_but_once(programs: Path, tmp_path: Path) -> None:
    """A later start needs no network."""
    install(programs, WHOLE)
    assert jars(tmp_path / "var") == jars(tmp_path / "var")
    assert (programs / "calls").read_text() == "call\n"


def test_without_maven_the_command_that_installs_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said with its remedy."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgram, match=r"mvn is missing.*apt-get install -y maven"):
        jars(tmp_path / "var")
