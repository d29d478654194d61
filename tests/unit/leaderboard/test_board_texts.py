"""Texts of the board page: prizes, places and periods, in the reader's language."""

import pytest
from flask import Flask

from leaderboard.domain.periods import window
from leaderboard.pages import board_texts
from referral.pages import design

ZONE = "Asia/Shanghai"
NOW_S = 1_795_500_000  # November 24, 2026


@pytest.mark.parametrize(
    ("prize", "lang", "text"),
    [
        ("grand", "zh", "大奖"),
        ("A mirror", "zh", "A mirror"),
        ({"zh-CN": "护肤套装", "en": "Skincare set"}, "zh-HK", "护肤套装"),
        ({"zh-CN": "护肤套装", "en": "Skincare set"}, "en-GB", "Skincare set"),
        ({"zh-TW": "護膚套裝", "en": "Skincare set"}, "zh-CN", "護膚套裝"),
        ({"de": "Pflegeset"}, "en", "Pflegeset"),
    ],
)
def test_a_prize_is_in_the_readers_language(prize: str | dict[str, str], lang: str, text: str) -> None:
    """A prize of the program file is one text, or one for each language; a single text is shown as it is."""
    with design.init_app(Flask("page")).test_request_context(f"/?lang={lang}"):
        assert board_texts.prize(prize) == text


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("2026-11-24", "Tuesday, November 24", "11月24日星期二"),
        ("2025-11-24", "Monday, November 24, 2025", "2025年11月24日星期一"),
        ("2026-W48", "Nov 23 – 29", "11月23日至29日"),
        ("2025-W01", "Dec 30, 2024 – Jan 5, 2025", "2024年12月30日至2025年1月5日"),
        ("2026-09", "September 2026", "2026年9月"),
        ("all", "All time", "总榜"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(name: str, english: str, chinese: str) -> None:
    """By CLDR; with the year if it is not the current one."""
    period = window(name, NOW_S, ZONE)
    for lang, text in (("en", english), ("zh", chinese)):
        with design.init_app(Flask("page")).test_request_context(f"/?lang={lang}"):
            found = board_texts.heading(period, ZONE, NOW_S)
            assert found.replace("\u2009", " ").replace("\u202f", " ") == text


def test_a_range_of_places_has_no_line_break() -> None:
    """Word joiners stand beside the dash."""
    with design.init_app(Flask("page")).test_request_context("/?lang=en"):
        assert board_texts.rank_range("11-100") == "#11\u2060–\u2060100"
        assert board_texts.rank_range("1") == "#1"
    with design.init_app(Flask("page")).test_request_context("/?lang=zh-TW"):
        assert board_texts.rank_range("1") == "第 1 名"
