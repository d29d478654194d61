"""The broker's jars: downloaded once by Maven, stored under var/, shared by all stacks of a checkout."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from referral_tools.stack.download_progress import DownloadProgress

_POM = Path(__file__).with_name("pom.xml")


class MissingProgram(Exception):
    """A program that the local stack needs is not installed; names it and how to install it."""


class NoJars(Exception):
    """Maven failed; contains the end of its output."""


def require(program: str, package: str) -> str:
    """The path of a program. Raises MissingProgram with the command that installs it."""
    found = shutil.which(program)
    if found is None:
        raise MissingProgram(f"{program} is missing. `make setup` installs it, or: sudo apt-get install -y {package}")
    return found


def jars(var: Path) -> Path:
    """The folder with the broker's jars, downloaded the first time (54 MB). Safe from several processes at once."""
    home = var / "kafka" / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            _download(home)
    return home / "libs"


def _download(home: Path) -> None:
    """Copies into a folder beside and moves it in place when it is whole. Raises MissingProgram, or NoJars."""
    partial = home / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        require("mvn", "maven"),
        "-B",
        "-f",
        str(_POM),
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
        f"-DoutputDirectory={partial}",
    ]
    output, status = _run(command)
    if status:
        raise NoJars(f"Maven could not download Kafka:\n{output[-2000:]}")
    shutil.rmtree(home / "libs", ignore_errors=True)
    partial.rename(home / "libs")
    (home / "complete").touch()


def _run(command: list[str]) -> tuple[str, int]:
    """Runs Maven with its progress on the screen; returns its output and its exit status."""
    lines: list[str] = []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as maven,
        DownloadProgress("Downloading Kafka (54 MB, once)") as progress,
    ):
        for line in maven.stdout or ():
            lines.append(line)
            progress.read(line)
    return "".join(lines), maven.returncode
