"""Rows of tables, such as exports of comments and followers, as lines of the desk."""

from conversion_tracker.desk.table_rows import read_table

HEAD = ["用户id", "昵称", "评论"]


def test_an_id_that_a_spreadsheet_has_rounded_names_no_one() -> None:
    """Several ids are rounded to the same number: the name decides, and without one an operator does."""
    rows = [HEAD, ["5.81E+23", "小鹿", "a"], ["5.81e+23", "", "b"], ["5812345678", "Bo", "c"], ["5e12", "Mo", "d"]]
    assert [(line.name, line.text) for line in read_table(rows)] == [
        ("小鹿", "a"),
        ("", "b"),
        ("5812345678", "c"),
        ("5e12", "d"),
    ]
