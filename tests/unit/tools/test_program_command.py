"""`referral program`: mistakes in a file with their lines, advice, and the differences between two files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from referral_tools.cli import main
from tests.support.app_server import serve_app

GLOW = Path("examples/programs/glow.yaml").resolve()
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


def test_the_example_is_valid() -> None:
    """Exits with 0 and reports it."""
    result = _check(GLOW)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "prg_glow is valid\n" in result.stdout
    assert "dry-skin-hacks: 4 of 4 elements" in result.stdout


def test_mistakes_come_with_their_lines(tmp_path: Path) -> None:
    """Each as file:line, in the order of the file, including the duplicate key; exits with 1."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    result = _check(file)
    assert result.exit_code == 1
    lines = [line.split(" ")[:2] for line in result.stderr.splitlines()[:-1]]
    assert lines == [[f"{file}:1:", "/id"], [f"{file}:3:", "/timezone"], [f"{file}:7:", "/rewards/0/referrals"]]
    assert result.stderr.splitlines()[-1] == f"Error: {file} has 3 mistakes"


def test_a_guide_that_is_missing_in_the_folder_is_a_warning_with_its_line(tmp_path: Path) -> None:
    """With the file that was probably meant."""
    (tmp_path / "prg_glow").mkdir()
    (tmp_path / "prg_glow" / "skincare-secret.pdf").write_bytes(b"%PDF")
    result = CliRunner().invoke(main, ["program", "check", str(GLOW), "--guides", str(tmp_path)])
    assert result.exit_code == 0
    assert "[guide_missing]" in result.stderr
    assert "write skincare-secret.pdf" in result.stderr
    assert "prg_glow is valid, with 1 warning\n" in result.stdout
    there = CliRunner().invoke(main, ["program", "check", str(GLOW), "--guides", "examples/guides"])
    assert (there.exit_code, there.stderr) == (0, "")


def test_apply_prints_the_warnings_of_the_service_with_their_lines() -> None:
    """Which guides and codes are missing is known to the service alone."""
    warning = {"code": "guide_missing", "pointer": "/rewards/0/pool", "detail": "there is no file skincare-secrets.pdf"}
    applied = {"version": 1, "effective_from": "2026-11-01T00:00:00Z", "is_new": True, "dry_run": False}
    app = Flask(__name__)
    app.add_url_rule("/v1/programs/prg_glow", view_func=lambda: applied | {"warnings": [warning]}, methods=["PUT"])
    with serve_app(app) as url:
        result = CliRunner().invoke(main, ["program", "apply", str(GLOW), "--url", url, "--key", "rk_x"])
    line = next(
        number for number, text in enumerate(GLOW.read_text().splitlines(), 1) if "skincare-secrets.pdf" in text
    )
    assert (result.exit_code, result.stdout) == (0, "prg_glow: version 1 is in effect from 2026-11-01T00:00:00Z\n")
    assert f"{GLOW}:{line}: /rewards/0/pool there is no file skincare-secrets.pdf [guide_missing]\n" in result.stderr


def test_warnings_do_not_fail_the_check(tmp_path: Path) -> None:
    """A program without rewards or content can be applied; its author gets advice."""
    file = tmp_path / "bare.yaml"
    file.write_text("".join(WRONG.splitlines(keepends=True)[:5]).replace("Mars", "UTC"))
    result = _check(file)
    assert result.exit_code == 0
    assert "[no_reward]" in result.stderr
    assert "4 warnings" in result.stdout


@pytest.mark.parametrize(("text", "line"), [(b"id: [", 1), (b"a: 1\nb: \xff", 2), (b"a: 1\nb: &x 1", 2)])
def test_invalid_yaml_is_refused_with_its_line(tmp_path: Path, text: bytes, line: int) -> None:
    """One message with the line, and no stack trace."""
    file = tmp_path / "broken.yaml"
    file.write_bytes(text)
    result = _check(file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {file}:{line}: ")


def test_advice_comes_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Each as file:line with its pointer, fix and name, so that a file can be edited from top to bottom."""
    file = tmp_path / "glow.yaml"
    text = GLOW.read_text("utf-8").replace("艾特一个皮肤干的朋友", "转发一下").replace("{link}", "{code}")
    file.write_text(text.replace("[code, click, scan", "[click, scan"), "utf-8")
    remarks = _check(file).stderr.splitlines()
    assert remarks[0].endswith("name a friend or a reason, such as 艾特一个皮肤干的朋友 [generic_cta]")
    numbers = [int(one.removeprefix(f"{file}:").partition(":")[0]) for one in remarks]
    assert numbers == sorted(numbers)
    assert {one.rpartition(" ")[2] for one in remarks} == {"[generic_cta]", "[untracked_channel]"}


def test_a_program_that_is_over_and_a_kit_its_channel_forbids_are_warned_about(tmp_path: Path) -> None:
    """With their lines; the file is valid all the same."""
    file = tmp_path / "over.yaml"
    file.write_text(
        "id: prg_x\nname: {en: X}\ntimezone: UTC\ntarget_url: https://example.com\nchannels: [douyin]\n"
        "ends_at: 2020-01-01T00:00:00Z\nkits:\n  douyin:\n    en: 'My code {code}: {link}'\n"
    )
    result = _check(file)
    assert result.exit_code == 0
    warned = {line.split(":")[1] for line in result.stderr.splitlines() if "_ended]" in line or "_policy]" in line}
    assert warned == {"6", "9"}


def _diff(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["program", "diff", *arguments])


@pytest.fixture
def changed(tmp_path: Path) -> str:
    """Glow with other rules."""
    file = tmp_path / "changed.yaml"
    text = GLOW.read_text("utf-8").replace("window_days: 30", "window_days: 14").replace("percent: 20", "percent: 30")
    file.write_text(text.replace("- id: bonus3", "- id: bonus5").replace("vanity: true", "vanity: false"), "utf-8")
    return str(file)


def test_two_files_are_compared_section_by_section(changed: str) -> None:
    """The headings of the docs, and what was added, removed and changed as the file names it, each with its pointer."""
    result = _diff(str(GLOW), changed)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"prg_glow: {GLOW} → {changed}",
        f"The new rules apply from the time they are applied; earlier events keep those of {GLOW}.",
        "",
        "Attribution",
        "  ~ window_days: 30 → 14  /attribution/window_days",
        "",
        "Rewards",
        "  ~ first20, percent: 20 → 30  /rewards/1/percent",
        "  - bonus3: to referrer, on milestone, kind early_access, referrals 3  /rewards/2",
        "  + bonus5: to referrer, on milestone, kind early_access, referrals 3  /rewards/2",
        "",
        "Codes",
        "  ~ vanity: yes → no  /codes/vanity",
    ]
    assert _diff(str(GLOW), str(GLOW)).stdout.splitlines()[1] == "The rules are the same."


def test_a_comparison_can_be_read_by_a_program(changed: str) -> None:
    """One JSON object: both sides, and each difference with section, kind, pointer, before and after."""
    answer = json.loads(_diff(str(GLOW), changed, "--json").stdout)
    assert answer["to"] == {"source": changed, "program": "prg_glow", "version": None, "effective_from": None}
    assert answer["changes"][0] == {
        "section": "attribution",
        "kind": "changed",
        "name": ["window_days"],
        "pointer": "/attribution/window_days",
        "before": 30,
        "after": 14,
    }
    assert [one["kind"] for one in answer["changes"]] == ["changed", "changed", "removed", "added", "changed"]
    assert answer["changes"][3]["after"]["kind"] == "early_access"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nowhere.yaml", str(GLOW)],
            "nowhere.yaml is neither a file nor a version: write a program file, or PROGRAM@VERSION",
        ),
        (["prg_glow@0", str(GLOW)], "is neither a file nor a version"),
        ([str(GLOW)], "give --key"),
        (["prg_glow@1", "prg_glow@2"], "give --key"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message includes what to write instead, and the exit code is not 0."""
    monkeypatch.chdir(tmp_path)  # the project's own folder names a system if one runs there
    monkeypatch.delenv("REFERRAL_KEY", raising=False)
    result = _diff(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr


def test_a_file_with_mistakes_is_not_compared(tmp_path: Path) -> None:
    """Its mistakes are printed with their lines, as by `check`."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    result = _diff(str(GLOW), str(file))
    assert result.exit_code == 1
    assert f"{file}:3: /timezone" in result.stderr
