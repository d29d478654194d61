"""Durations on pages."""

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from reward_dispatcher.pages.date_texts import duration_text


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(0.09, "0.1 seconds", "0.1秒钟"), (59.0, "59 seconds", "59秒钟"), (10_251.5, "3 hours", "3小时")],
)
def test_a_duration_is_short_enough_to_read(seconds: float, english: str, chinese: str) -> None:
    """Tenths of a second below a minute, otherwise the largest unit."""
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        with force_locale("en"):
            assert duration_text(seconds) == english
        with force_locale("zh"):
            assert duration_text(seconds) == chinese
