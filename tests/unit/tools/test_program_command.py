"""`referral program check`: what is wrong in a file, on which line, and what could be better."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from referral_tools.cli import main

WRONG = """\
id: prg_x
name: {en: X}
timezone: Mars
target_url: https://example.com
channels: [wechat]
rewards:
  - id: guide
    to: referrer
    on: milestone
    kind: guide
    pool: guide.pdf
id: prg_y
"""


def _check(file: Path) -> Result:
    return CliRunner().invoke(main, ["program", "check", str(file)])


def test_the_example_is_in_order() -> None:
    """Ends with 0 and says so."""
    result = _check(Path("examples/programs/glow.yaml"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "prg_glow is in order" in result.stdout


def test_mistakes_come_with_their_lines(tmp_path: Path) -> None:
    """Each as file:line, in the order of the file, the key that stands twice among them; ends with 1."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    result = _check(file)
    assert result.exit_code == 1
    lines = [line.split(" ")[:2] for line in result.stderr.splitlines()[:-1]]
    assert lines == [[f"{file}:1:", "/id"], [f"{file}:3:", "/timezone"], [f"{file}:7:", "/rewards/0/referrals"]]
    assert result.stderr.splitlines()[-1] == f"Error: {file} has 3 mistakes"


def test_warnings_do_not_fail_the_check(tmp_path: Path) -> None:
    """A program without rewards or content can be applied; whoever wrote it hears of it."""
    file = tmp_path / "bare.yaml"
    file.write_text("".join(WRONG.splitlines(keepends=True)[:5]).replace("Mars", "UTC"))
    result = _check(file)
    assert result.exit_code == 0
    assert "[no_reward]" in result.stderr
    assert "2 to think about" in result.stdout


@pytest.mark.parametrize(("text", "line"), [(b"id: [", 1), (b"a: 1\nb: \xff", 1), (b"a: 1\nb: &x 1", 2)])
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: bytes, line: int) -> None:
    """One message with the place, no trace of ours."""
    file = tmp_path / "broken.yaml"
    file.write_bytes(text)
    result = _check(file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {file}:{line}: ")
