"""What a fulfilled reward of each kind hands over."""

from typing import get_args

import pytest
from msgspec.structs import replace

from referral.events.rewards import Handover, RewardFulfilled, RewardKind, handover_of
from reward_dispatcher.domain.account_transitions import apply_grant
from tests.support.builders.reward_dispatcher import grant

HANDOVERS: dict[RewardKind, Handover] = {
    "guide": "file",
    "discount_code": "code",
    "credit": "balance",
    "early_access": "entitlement",
    "shoutout": "task",
    "giveaway_entry": "draw_entry",
    "gift": "shipment",
    "exclusive_content": "file",
}


@pytest.mark.parametrize("kind", get_args(RewardKind))
def test_a_fulfilled_reward_has_a_code_or_a_file_or_neither(kind: RewardKind) -> None:
    """A new kind gets a row in HANDOVERS. A code is generated if no pool is named; a file is the one that the rule names.

    The line has the key of a generated code, and the account the code.
    """
    assert kind in HANDOVERS, f"add what a reward of kind {kind} hands over to HANDOVERS"
    pool = "skincare-secrets.pdf" if HANDOVERS[kind] == "file" else None
    granted = replace(grant(pool=pool), kind=kind, code_key="a" if HANDOVERS[kind] == "code" else None)
    transition = apply_grant(None, granted, lambda key, reward, _form: f"{key}-{reward}")
    assert transition is not None
    assert transition.account.code == ("a-rwd_1" if HANDOVERS[kind] == "code" else None)
    (line,) = transition.lines
    assert isinstance(line, RewardFulfilled)
    expected = {"code": ("a", None), "file": (None, "skincare-secrets.pdf")}
    assert (line.code, (line.code_key, line.file)) == (None, expected.get(HANDOVERS[kind], (None, None)))


@pytest.mark.parametrize("kind", get_args(RewardKind))
def test_the_handover_of_each_kind_is_documented(kind: RewardKind) -> None:
    """Only a gift has two forms: by post unless the rule says in the store."""
    assert handover_of(kind) == HANDOVERS[kind]
    assert handover_of(kind, "in_store") == ("counter" if kind == "gift" else HANDOVERS[kind])
