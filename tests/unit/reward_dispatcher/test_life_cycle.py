"""What operators decide about rewards: the table of the life, its history, and any order of actions and events."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.events.line import ClockTicked
from referral.events.rewards import (
    LifeState,
    RewardAction,
    RewardActionRefused,
    RewardDelivered,
    RewardHeld,
    RewardReleased,
    RewardRestored,
    RewardRevoked,
)
from reward_dispatcher.domain.account import Account, Use, new_account
from reward_dispatcher.domain.life_cycle import NEXT_STATES, is_legal, legal_actions, life_state
from reward_dispatcher.domain.life_history import MAX_STEPS, history
from reward_dispatcher.folds import state_keys
from tests.support.builders.participants import PROGRAM, day
from tests.support.builders.reward_dispatcher import FRIEND1, grant, redemption_request, revocation, reward_action
from tests.support.systems.ledger import LedgerFeed

ACTIONS: tuple[RewardAction, ...] = get_args(RewardAction)


def test_the_table_has_every_state_and_every_action() -> None:
    """A state without a row, or an action that is legal nowhere, would be a mistake in the table."""
    assert set(NEXT_STATES) == set(get_args(LifeState))
    assert {action for row in NEXT_STATES.values() for action in row} == set(ACTIONS)


def test_a_held_code_is_no_code_until_it_is_released() -> None:
    """An operator holds a fulfilled reward: it cannot be used; released, it is delivered as before."""
    ledger = LedgerFeed([grant(), _delivered()])
    assert [type(line) for line in ledger.write(reward_action("hold", at=day(1)))] == [RewardHeld]
    [refused] = ledger.write(redemption_request("rdm_1", at=day(1)))
    assert getattr(refused, "reason", None) == "not_redeemable"
    assert [type(line) for line in ledger.write(reward_action("release", "act_2", at=day(2)))] == [RewardReleased]
    assert ledger.account().status == "delivered"


def test_an_illegal_action_is_refused_with_its_state_and_changes_nothing() -> None:
    """The reward is as before, and a repeated request gets no second line."""
    ledger = LedgerFeed([grant()])
    before = ledger.account()
    [refused] = ledger.write(reward_action("approve"))
    assert isinstance(refused, RewardActionRefused)
    assert (refused.action, refused.state) == ("approve", "fulfilled")
    assert ledger.account() == before
    assert ledger.write(reward_action("approve")) == []
    assert legal_actions("fulfilled") == ["hold", "revoke"]


def test_a_repeated_request_takes_effect_once() -> None:
    """The same request again, even after the opposite action, changes nothing."""
    ledger = LedgerFeed([grant()])
    ledger.write(reward_action("hold", "act_1"))
    ledger.write(reward_action("release", "act_2"))
    assert ledger.write(reward_action("hold", "act_1")) == []
    assert ledger.account().status == "fulfilled"


def test_what_an_operator_revoked_is_not_granted_again_by_a_new_follow() -> None:
    """Only an operator gives it back: with the same code."""
    ledger = LedgerFeed([grant()])
    code = ledger.account().code
    [revoked] = ledger.write(reward_action("revoke", at=day(1)))
    assert isinstance(revoked, RewardRevoked)
    ledger.write(revocation(at=day(2)))
    ledger.write(grant(at=day(3)))
    assert (ledger.account().status, ledger.account().revocation_reason) == ("revoked", "operator")
    assert type(ledger.write(reward_action("restore", "act_2", at=day(4)))[0]) is RewardRestored
    assert (ledger.account().status, ledger.account().code) == ("fulfilled", code)


def test_the_ledgers_own_line_about_a_revocation_does_not_revoke_what_was_restored_since() -> None:
    """The line is read again after the restoration, and must be recognized as an output."""
    ledger = LedgerFeed([grant()])
    own = ledger.write(reward_action("revoke"), read_back=False)
    ledger.write(reward_action("restore", "act_2"), read_back=False)
    for line in own:
        ledger.write(line)
    assert ledger.account().status == "fulfilled"


def test_a_hold_outlives_an_unfollow() -> None:
    """Who unfollows and follows again does not end an operator's hold."""
    ledger = LedgerFeed([grant()])
    for line in (reward_action("hold"), revocation(at=day(1)), grant(at=day(2))):
        ledger.write(line)
    assert life_state(ledger.account()) == "operator"
    ledger.write(reward_action("release", "act_2", at=day(3)))
    assert ledger.account().status == "fulfilled"


def test_an_operator_waives_a_clawback() -> None:
    """The used reward is an ordinary used reward again; the history has who decided it."""
    ledger = LedgerFeed([grant(), redemption_request("rdm_1"), revocation(at=day(1))])
    assert life_state(ledger.account()) == "clawed_back"
    ledger.write(reward_action("restore", at=day(2)))
    assert life_state(ledger.account()) == "redeemed"
    assert [(step.state, step.by) for step in history(ledger.account())] == [
        ("granted", None),
        ("fulfilled", None),
        ("redeemed", None),
        ("clawed_back", None),
        ("redeemed", "lin@glow.example"),
    ]


def test_an_approval_ends_the_holding_period_and_a_task_stays_a_task() -> None:
    """Approved, an ordinary reward is fulfilled; a manual one waits for the person who completes it."""
    ledger = LedgerFeed([grant(holding_days=7), grant("rwd_2", holding_days=7, manual=True)])
    ledger.write(reward_action("approve", at=day(1)))
    ledger.write(reward_action("approve", "act_2", "rwd_2", at=day(1)))
    assert (life_state(ledger.account()), life_state(ledger.account("rwd_2"))) == ("fulfilled", "manual")
    assert (state_keys.tasks(PROGRAM, "manual"), "rwd_2") in ledger.feed.scores
    ledger.write(reward_action("fulfil", "act_3", "rwd_2", at=day(2)))
    assert life_state(ledger.account("rwd_2")) == "fulfilled"
    assert not any(name.startswith("tasks:") for name, _ in ledger.feed.scores)


def test_a_plain_life_costs_no_stored_step() -> None:
    """Granted, held, fulfilled, delivered and used follow from the times of the account."""
    ledger = LedgerFeed([grant(holding_days=2)])
    ledger.write(ClockTicked(occurred_at=day(2), id="tick_1"))
    ledger.write(_delivered())
    ledger.write(redemption_request("rdm_1", at=day(3)))
    assert ledger.account().steps == ()
    assert [step.state for step in history(ledger.account())] == [
        "granted",
        "holding_period",
        "fulfilled",
        "delivered",
        "redeemed",
    ]


def test_a_history_is_bounded() -> None:
    """Of many steps the first and the newest are kept."""
    ledger = LedgerFeed([grant()])
    for number in range(MAX_STEPS):
        ledger.write(reward_action("hold", f"act_h{number}"))
        ledger.write(reward_action("release", f"act_r{number}"))
    steps = history(ledger.account())
    assert (len(steps), steps[0].state, steps[-1].action) == (MAX_STEPS, "granted", "release")


@pytest.mark.parametrize("state", get_args(LifeState))
@pytest.mark.parametrize("action", ACTIONS)
def test_the_ledger_keeps_to_the_table(state: LifeState, action: RewardAction) -> None:
    """From every state, a legal action leads to a state of its cell, and an illegal one to nothing."""
    for account in _accounts_in(state):
        ledger = LedgerFeed([], account)
        before = ledger.account()
        ledger.write(reward_action(action, at=day(1)), read_back=False)
        after = life_state(ledger.account())
        if is_legal(state, action):
            assert after in NEXT_STATES[state][action]
        else:
            assert ledger.account() == before


_EVENTS = st.sampled_from(("grant", "unfollow", "use", "deliver", *ACTIONS))


@given(st.lists(st.tuples(_EVENTS, st.booleans()), max_size=25), st.booleans(), st.sampled_from([0, 2]))
def test_any_order_of_actions_and_events_keeps_the_history_and_the_lists_right(
    events: list[tuple[str, bool]], manual: bool, holding: int
) -> None:
    """The last step of the history is the reward's state; it is listed as a task exactly while it waits for a person."""
    ledger = LedgerFeed([grant(manual=manual, holding_days=holding)])
    for number, (event, next_day) in enumerate(events, 1):
        at = day(number if next_day else number - 0.5)
        ledger.write(ClockTicked(occurred_at=at, id=f"tick_{number}"))
        match event:
            case "grant":
                ledger.write(grant(at=at, manual=manual, holding_days=holding))
            case "unfollow":
                ledger.write(revocation(at=at))
            case "use":
                ledger.write(redemption_request(f"rdm_{number}", at=at))
            case "deliver":
                ledger.write(replace(_delivered(), occurred_at=at))
            case action:
                ledger.write(reward_action(action, f"act_{number}", at=at))  # type: ignore[arg-type] # one of ACTIONS
        account = ledger.account()
        state = life_state(account)
        assert history(account)[-1].state == state
        listed = {name for name, _ in ledger.feed.scores if name.startswith("tasks:")}
        assert listed == ({state_keys.tasks(PROGRAM, state)} if state in state_keys.LISTED_STATES else set())


def _delivered() -> RewardDelivered:
    return RewardDelivered(occurred_at=day(0.5), program=PROGRAM, id="rwd_1", beneficiary=FRIEND1)


def _used(account: Account) -> Account:
    use = Use("rdm_0", "order-0", 1, account.due_ms)
    return replace(account, status="redeemed", hold_reason=None, fulfilled_ms=account.due_ms, uses=(use,))


def _accounts_in(state: LifeState) -> list[Account]:  # noqa: C901 - a table
    """Rewards in a state: fresh ones, fulfilled before, held by an operator before, of an uploaded pool, manual."""
    account = new_account(grant(holding_days=2))
    match state:
        case "holding_period" | "pool_empty" | "file_missing" | "manual":
            base = replace(account, hold_reason=state)
        case "operator":
            base = replace(account, hold_reason=state, on_hold=True)
        case "budget":
            base = replace(account, hold_reason=state, budget="total")
        case "clawed_back":
            base = replace(_used(account), clawback=True)
        case "redeemed":
            base = _used(account)
        case "fulfilled" | "delivered":
            base = replace(account, status=state, hold_reason=None, fulfilled_ms=account.due_ms)
        case _:
            base = replace(account, status=state, hold_reason=None)
    variants = [base, replace(base, pool="vip", code_key=None), replace(base, manual=True)]
    if state == "operator":
        variants += [replace(base, budget="total")]
    if state in ("operator", "revoked"):
        variants += [replace(base, fulfilled_ms=account.due_ms, delivered_ms=account.due_ms)]
    return variants
