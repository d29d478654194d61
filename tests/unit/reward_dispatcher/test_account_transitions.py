"""What becomes of a reward, one step at a time."""

from referral.events.rewards import CodeIssued, CodeReturned, RewardApproved, RewardFulfilled, RewardHeld
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import Transition
from reward_dispatcher.domain.redemption import redeem
from tests.support.builders.participants import PROGRAM, day
from tests.support.builders.reward_dispatcher import grant, redemption_request, revocation


def mint(reward: str) -> str:
    """A code that shows whose it is."""
    return f"CODE-{reward}"


def granted(account: Account | None = None, **rules: object) -> Transition:
    """A grant that leads to something."""
    step = account_transitions.apply_grant(account, grant(**rules), mint)  # type: ignore[arg-type]
    assert step is not None
    return step


def issue(code: str) -> CodeIssued:
    """The pool gives the reward a code."""
    return CodeIssued(occurred_at=day(1), program=PROGRAM, id="rwd_1", beneficiary="xhs:friend1", pool="vip", code=code)


def test_without_a_holding_period_a_code_is_given_at_once() -> None:
    """The friend has the code with the conversion."""
    step = granted()
    assert (step.account.status, step.account.code) == ("fulfilled", "CODE-rwd_1")
    assert isinstance(step.lines[0], RewardFulfilled)


def test_a_held_reward_is_released_by_the_first_tick_at_its_due_time() -> None:
    """One millisecond earlier nothing happens."""
    account = granted(holding_days=7).account
    assert account_transitions.next_timer(account) == account.due_ms
    assert account_transitions.apply_time(account, day(6.99), mint) is None
    step = account_transitions.apply_time(account, day(7), mint)
    assert step is not None
    assert step.account.status == "fulfilled"


def test_a_revoked_reward_is_not_released_and_comes_back_with_its_code() -> None:
    """An unfollow within the holding period cancels; a return starts a holding period of its own, for the same code."""
    first = granted().account
    gone = account_transitions.apply_revocation(first, revocation(at=day(1)))
    assert gone is not None
    assert account_transitions.next_timer(gone.account) is None
    back = granted(gone.account, at=day(2), holding_days=7)
    assert (back.account.status, back.account.code, back.account.revocation_reason) == ("held", first.code, None)
    given = account_transitions.apply_time(back.account, day(9), mint)
    assert given is not None
    assert given.account.code == first.code


def test_a_grant_of_what_stands_changes_nothing() -> None:
    """The same trigger never pays twice."""
    assert account_transitions.apply_grant(granted().account, grant(), mint) is None


def test_what_was_redeemed_stays_redeemed_and_is_marked_for_clawback() -> None:
    """The money is gone: a later reversal cannot undo the use, a restoration clears the mark."""
    used = redeem(granted().account, redemption_request("rdm_1")).account
    assert used is not None
    marked = account_transitions.apply_revocation(used, revocation())
    assert marked is not None
    assert (marked.account.status, marked.account.clawback) == ("redeemed", True)
    cleared = account_transitions.apply_grant(marked.account, grant(), mint)
    assert cleared is not None
    assert (cleared.account.status, cleared.account.clawback) == ("redeemed", False)


def test_use_ends_at_expiry_and_expiry_wins_over_a_late_release() -> None:
    """Who is offline past the end of use gets no code that is void already."""
    fulfilled = granted(expires_days=30).account
    ended = account_transitions.apply_time(fulfilled, day(30), mint)
    assert ended is not None
    assert ended.account.status == "expired"
    late = account_transitions.apply_time(granted(holding_days=7, expires_days=30).account, day(40), mint)
    assert late is not None
    assert late.account.status == "expired"


def test_a_manual_reward_waits_for_a_person() -> None:
    """The clock ends the holding period but fulfils nothing that somebody has to do."""
    held = account_transitions.apply_time(granted(manual=True, holding_days=1).account, day(1), mint)
    assert held is not None
    assert (held.account.status, held.account.hold_reason) == ("held", "manual")
    ok = RewardApproved(occurred_at=day(2), program=PROGRAM, id="rwd_1", beneficiary="xhs:friend1")
    done = account_transitions.apply_approval(held.account, ok, mint)
    assert done is not None
    assert done.account.status == "fulfilled"


def test_a_code_that_comes_too_late_is_handed_back() -> None:
    """A reward revoked while it waits is skipped: its code goes to the next in line."""
    asked = granted(pool="vip").account
    assert (asked.status, asked.code_request) == ("approved", "asked")
    gone = account_transitions.apply_revocation(asked, revocation())
    assert gone is not None
    step = account_transitions.apply_code(gone.account, issue("V1"))
    assert isinstance(step.lines[0], CodeReturned)
    assert step.account.code is None


def test_a_restored_reward_does_not_ask_twice() -> None:
    """Its first request is still in the pool's line: one request, one code."""
    asked = granted(pool="vip").account
    held = RewardHeld(occurred_at=day(0), program=PROGRAM, id="rwd_1", beneficiary="xhs:friend1", reason="pool_empty")
    queued = account_transitions.apply_hold(asked, held)
    assert queued is not None
    assert (queued.account.status, queued.account.hold_reason) == ("held", "pool_empty")
    gone = account_transitions.apply_revocation(queued.account, revocation())
    assert gone is not None
    back = granted(gone.account, pool="vip")
    assert back.lines == ()
    assert back.account.hold_reason == "pool_empty"
    given = account_transitions.apply_code(back.account, issue("V1"))
    assert (given.account.status, given.account.code) == ("fulfilled", "V1")


def test_what_somebody_was_told_outlives_a_change_of_the_signing_key() -> None:
    """Refolding with another key makes another code; the log says which one the friend holds."""
    account = granted().account
    line = RewardFulfilled(
        occurred_at=day(0), program=PROGRAM, id="rwd_1", beneficiary="xhs:friend1", kind="discount_code", code="OLD"
    )
    step = account_transitions.apply_fulfilment(account, line)
    assert step is not None
    assert step.account.code == "OLD"
