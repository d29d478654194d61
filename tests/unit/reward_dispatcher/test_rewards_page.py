"""Texts of rewards in the console."""

from typing import get_args

from referral.events.rewards import LifeState, RewardAction, RewardKind
from reward_dispatcher.pages.rewards_page import ACTION_TEXTS, KIND_TEXTS, STATE_TEXTS


def test_every_state_kind_and_action_has_a_text() -> None:
    """A new state needs one, with its translation."""
    assert set(get_args(LifeState)) <= set(STATE_TEXTS)
    assert set(KIND_TEXTS) == set(get_args(RewardKind))
    assert set(ACTION_TEXTS) == set(get_args(RewardAction))
