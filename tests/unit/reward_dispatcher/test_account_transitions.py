"""The life cycle of a reward, one transition at a time."""

from referral.events.code_formats import CodeFormat
from referral.events.pools import CodeReturned
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    RewardFulfilled,
    RewardHeld,
)
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import Transition
from reward_dispatcher.domain.operator_actions import decide_action
from reward_dispatcher.domain.redemption import redeem
from tests.support.builders.participants import PROGRAM, day, person_id
from tests.support.builders.reward_dispatcher import grant, redemption_request, revocation, reward_action


def generate_code(key: str, reward: str, form: CodeFormat | None) -> str:
    """Returns a code that contains its reward."""
    return f"CODE-{reward}"


def grant_transition(account: Account | None = None, **rules: object) -> Transition:
    """Returns the transition of a grant."""
    transition = account_transitions.apply_grant(account, grant(**rules), generate_code)  # type: ignore[arg-type]
    assert transition is not None
    return transition


def issue(code: str) -> CodeIssued:
    """Returns the line with which the pool issues a code."""
    return CodeIssued(
        occurred_at=day(1), program=PROGRAM, id="rwd_1", beneficiary=person_id("xhs:friend1"), pool="vip", code=code
    )


def test_without_a_holding_period_a_reward_is_fulfilled_at_once() -> None:
    """The friend has the code as soon as the conversion is cleared."""
    transition = grant_transition()
    assert (transition.account.status, transition.account.code) == ("fulfilled", "CODE-rwd_1")
    assert isinstance(transition.lines[0], RewardFulfilled)


def test_a_held_reward_is_released_by_the_first_tick_at_its_due_time() -> None:
    """Before that nothing happens."""
    account = grant_transition(holding_days=7).account
    assert account_transitions.next_timer(account) == account.due_ms
    assert account_transitions.apply_time(account, day(6.99), generate_code) is None
    transition = account_transitions.apply_time(account, day(7), generate_code)
    assert transition is not None
    assert transition.account.status == "fulfilled"


def test_a_restored_reward_has_its_code_and_a_new_holding_period() -> None:
    """An unfollow revokes the reward and stops its timer. A new follow restores it, after a holding period of its own."""
    first = grant_transition().account
    revoked = account_transitions.apply_revocation(first, revocation(at=day(1)))
    assert revoked is not None
    assert account_transitions.next_timer(revoked.account) is None
    restored = grant_transition(revoked.account, at=day(2), holding_days=7)
    assert (restored.account.status, restored.account.code, restored.account.revocation_reason) == (
        "held",
        first.code,
        None,
    )
    fulfilled = account_transitions.apply_time(restored.account, day(9), generate_code)
    assert fulfilled is not None
    assert fulfilled.account.code == first.code


def test_a_repeated_grant_changes_nothing() -> None:
    """The same trigger never pays twice."""
    assert account_transitions.apply_grant(grant_transition().account, grant(), generate_code) is None


def test_what_was_redeemed_stays_redeemed_and_is_marked_for_clawback() -> None:
    """The money is spent: a later revocation cannot undo the redemption, and a restoration clears the mark."""
    [used] = redeem([grant_transition().account], redemption_request("rdm_1")).accounts
    marked = account_transitions.apply_revocation(used, revocation())
    assert marked is not None
    assert (marked.account.status, marked.account.clawback) == ("redeemed", True)
    assert [type(line) for line in marked.lines] == [ClawbackOpened]
    assert account_transitions.apply_revocation(marked.account, revocation()) is None
    cleared = account_transitions.apply_grant(marked.account, grant(), generate_code)
    assert cleared is not None
    assert (cleared.account.status, cleared.account.clawback) == ("redeemed", False)


def test_a_reward_expires_even_if_its_release_is_late() -> None:
    """If the clock stops past the expiry, no code is handed over that has expired already."""
    fulfilled = grant_transition(expires_days=30).account
    ended = account_transitions.apply_time(fulfilled, day(30), generate_code)
    assert ended is not None
    assert ended.account.status == "expired"
    late = account_transitions.apply_time(
        grant_transition(holding_days=7, expires_days=30).account, day(40), generate_code
    )
    assert late is not None
    assert late.account.status == "expired"


def test_a_manual_reward_waits_for_an_operator() -> None:
    """The clock ends the holding period, but only an operator completes the task; the outputs of the ledger alone do not."""
    held = account_transitions.apply_time(grant_transition(manual=True, holding_days=1).account, day(1), generate_code)
    assert held is not None
    assert (held.account.status, held.account.hold_reason) == ("held", "manual")
    done, result = decide_action(held.account, reward_action("fulfil", at=day(2)), generate_code)
    assert result.outcome == "done"
    assert done is not None
    assert done.account.status == "fulfilled"


def test_a_code_that_comes_too_late_is_returned() -> None:
    """A reward that was revoked while it waited needs no code: the next reward in the queue gets it."""
    requested = grant_transition(pool="vip").account
    assert (requested.status, requested.code_request) == ("approved", "asked")
    revoked = account_transitions.apply_revocation(requested, revocation())
    assert revoked is not None
    transition = account_transitions.apply_code(revoked.account, issue("V1"))
    assert isinstance(transition.lines[0], CodeReturned)
    assert transition.account.code is None


def test_a_restored_reward_does_not_request_a_second_code() -> None:
    """Its first request is still in the pool's queue: one request, one code."""
    requested = grant_transition(pool="vip").account
    held = RewardHeld(
        occurred_at=day(0), program=PROGRAM, id="rwd_1", beneficiary=person_id("xhs:friend1"), reason="pool_empty"
    )
    queued = account_transitions.apply_hold(requested, held)
    assert queued is not None
    assert (queued.account.status, queued.account.hold_reason) == ("held", "pool_empty")
    revoked = account_transitions.apply_revocation(queued.account, revocation())
    assert revoked is not None
    restored = grant_transition(revoked.account, pool="vip")
    assert restored.lines == ()
    assert restored.account.hold_reason == "pool_empty"
    fulfilled = account_transitions.apply_code(restored.account, issue("V1"))
    assert (fulfilled.account.status, fulfilled.account.code) == ("fulfilled", "V1")


def test_a_fulfilled_code_outlives_a_change_of_the_signing_key() -> None:
    """A refold with another key generates another code; the log has the one that the friend received."""
    account = grant_transition().account
    line = RewardFulfilled(
        occurred_at=day(0),
        program=PROGRAM,
        id="rwd_1",
        beneficiary=person_id("xhs:friend1"),
        kind="discount_code",
        code="OLD",
    )
    transition = account_transitions.apply_fulfilment(account, line)
    assert transition is not None
    assert transition.account.code == "OLD"
