"""What a fulfilled reward of each kind hands over."""

from typing import get_args

import pytest
from msgspec.structs import replace

from referral.events.rewards import Handover, RewardFulfilled, RewardKind
from reward_dispatcher.domain.account_transitions import apply_grant
from tests.support.builders.reward_dispatcher import grant

HANDOVERS: dict[RewardKind, Handover] = {
    "guide": "file",
    "discount_code": "code",
    "early_access": "none",
    "shoutout": "none",
    "giveaway_entry": "none",
    "exclusive_content": "file",
}


@pytest.mark.parametrize("kind", get_args(RewardKind))
def test_a_fulfilled_reward_has_a_code_or_a_file_or_neither(kind: RewardKind) -> None:
    """A new kind gets a row in HANDOVERS. A code is generated if no pool is named; a file is the one that the rule names."""
    assert kind in HANDOVERS, f"add what a reward of kind {kind} hands over to HANDOVERS"
    pool = "skincare-secrets.pdf" if HANDOVERS[kind] == "file" else None
    transition = apply_grant(None, replace(grant(pool=pool), kind=kind), lambda reward: f"CODE-{reward}")
    assert transition is not None
    (line,) = transition.lines
    assert isinstance(line, RewardFulfilled)
    expected = {"code": ("CODE-rwd_1", None), "file": (None, "skincare-secrets.pdf"), "none": (None, None)}
    assert (line.code, line.file) == expected[HANDOVERS[kind]]
