"""Texts of the queue of held referrals."""

from typing import get_args

from conversion_tracker.pages.review_page import QUEUES, REASONS, queue_status
from referral.events.screening import ScreeningReason


def test_every_reason_has_a_text_for_operators() -> None:
    """A new rule needs one, with its translation."""
    assert set(REASONS) == set(get_args(ScreeningReason))


def test_an_unknown_status_shows_what_is_held() -> None:
    """Whatever a link says."""
    assert [queue_status(text) for text in (*QUEUES, "", "reversed")] == [*QUEUES, "held", "held"]
