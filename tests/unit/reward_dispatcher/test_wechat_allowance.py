"""What WeChat allows: never more than the stand-in accepts, in whatever order people act and messages are due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.deliveries import OpeningReason
from referral_tools.wechat_stand_in.account import Account, ApiError
from reward_dispatcher.domain.wechat_allowance import (
    LIMITS,
    MARGIN_MS,
    Allowance,
    close_channel,
    messages_left,
    open_channel,
    take_message,
)

_ACTIONS: dict[OpeningReason, str] = {"followed": "follow", "scanned": "scan", "clicked": "click", "wrote": "message"}
steps = st.lists(
    st.tuples(st.integers(0, 90_000), st.sampled_from(["send", "send", "send", "leave", *LIMITS])), max_size=60
)


@given(steps)
def test_the_stand_in_never_refuses_what_the_allowance_permits(actions: list[tuple[int, str]]) -> None:
    """The stand-in has the rules of WeChat's documentation, written apart from the product."""
    now_ms, allowance = 1_000_000, Allowance()
    account = Account("wx", "secret", lambda: now_ms / 1000)
    for wait_ms, action in actions:
        now_ms += wait_ms
        if action == "leave":
            account.close_for("o1")
            allowance = close_channel(allowance, now_ms)
        elif action == "send":
            taken = take_message(allowance, now_ms)
            if taken is not None:
                allowance = taken
                account.send({"touser": "o1", "msgtype": "text"})
        else:
            now_ms += 1
            account.open_for("o1", _ACTIONS[action])  # type: ignore[index]
            allowance = open_channel(allowance, action, now_ms)  # type: ignore[arg-type]


@pytest.mark.parametrize("by", LIMITS)
def test_an_opening_allows_its_messages_until_its_end(by: OpeningReason) -> None:
    """And not one more; the margin before the end is for the way to WeChat."""
    most, length_ms = LIMITS[by]
    allowance = open_channel(Allowance(), by, 0)
    assert messages_left(allowance, length_ms - MARGIN_MS - 1) == most
    assert messages_left(allowance, length_ms - MARGIN_MS) == 0
    for left in range(most, 0, -1):
        assert messages_left(allowance, 1) == left
        taken = take_message(allowance, 1)
        assert taken is not None
        allowance = taken
    assert take_message(allowance, 1) is None


def test_the_same_opening_again_gives_no_new_messages() -> None:
    """Lines of the log may be read twice; who returns after they left has an allowance again."""
    allowance = open_channel(Allowance(), "followed", 10_000)
    for _ in range(3):
        allowance = open_channel(take_message(allowance, 10_001) or allowance, "followed", 10_000)
    assert messages_left(allowance, 10_002) == 0
    left = close_channel(open_channel(Allowance(), "wrote", 10_000), 20_000)
    assert messages_left(left, 20_001) == 0
    assert messages_left(open_channel(left, "followed", 30_000), 30_001) == 3


def test_the_stand_in_refuses_a_fourth_message() -> None:
    """So that a test against it means something."""
    account = Account("wx", "secret", lambda: 1.0)
    account.open_for("o1", "follow")
    for _ in range(3):
        account.send({"touser": "o1", "msgtype": "text"})
    with pytest.raises(ApiError) as refused:
        account.send({"touser": "o1", "msgtype": "text"})
    assert refused.value.code == 45047
