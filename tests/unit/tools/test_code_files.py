"""Files of codes as spreadsheets save them."""

from pathlib import Path

import click
import pytest

from referral_tools.code_files import entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("codes.txt", "A1\nB2\n"), ("codes.csv", "A1,x\nB2,y\n"), ("codes.json", '["A1", "B2"]')],
)
def test_a_file_is_read_in_every_encoding_that_the_service_accepts(
    tmp_path: Path, encoding: str, name: str, content: str
) -> None:
    """A spreadsheet saves Unicode text as UTF-16."""
    file = tmp_path / name
    file.write_text(content, encoding)
    assert [(one.number, one.text) for one in entries(file, None)] == [(1, "A1"), (2, "B2")]


def test_another_encoding_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Nothing is guessed."""
    file = tmp_path / "codes.txt"
    file.write_text("优惠码\n", "gbk")
    with pytest.raises(click.ClickException, match="save it as UTF-8"):
        list(entries(file, None))


@pytest.mark.parametrize("column", ["0", "201", "１"])
def test_a_column_that_no_file_has_is_refused(tmp_path: Path, column: str) -> None:
    """Otherwise nothing is added, and the command ends well."""
    file = tmp_path / "codes.csv"
    file.write_text("A1,x\n", "utf-8")
    with pytest.raises(click.ClickException, match="no column"):
        list(entries(file, column))
