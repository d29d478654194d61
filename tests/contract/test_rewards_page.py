"""docs/rewards.md describes each state of a reward, and what is possible in it."""

import re
from pathlib import Path
from typing import get_args

from referral.events.rewards import LifeState
from reward_dispatcher.domain.life_cycle import legal_actions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rewards.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| ([\w, ]+) \|$", re.MULTILINE)


def test_each_state_has_a_row_with_what_is_possible() -> None:
    """As the table of the life cycle says."""
    documented = dict(ROW.findall(PAGE.read_text("utf-8")))
    expected = {state: sorted(legal_actions(state)) for state in get_args(LifeState)}
    assert {state: sorted(set(text.split(", ")) - {"nothing"}) for state, text in documented.items()} == expected
