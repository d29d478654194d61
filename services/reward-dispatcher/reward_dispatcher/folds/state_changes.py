"""From a transition of the domain to what the ledger fold writes: the account, its indexes and timer, and the output lines."""

from collections.abc import Iterable

from referral.events.rewards import RewardFact, reward_key
from referral.events.timestamps import DAY_MS
from referral.fold.fold import Decision, Key, Output, Timer
from referral.topics import REWARDS
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import next_timer
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_keys import CodeHolder

State = Account | Redemption | Pool | CodeHolder
Changes = dict[Key, State | float | None]

RESULT_TTL_MS = 2 * DAY_MS  # twice as long as an Idempotency-Key is honoured


def account_decision(
    before: Account | None, after: Account | None, lines: Iterable[RewardFact] = ()
) -> Decision[State]:
    """The account from now on (None: unchanged), and the output lines."""
    changes = _account_changes(before, after) if after is not None else {}
    return Decision(changes, _outputs(lines))


def pool_decision(key: str, pool: Pool, lines: Iterable[RewardFact]) -> Decision[State]:
    """The pool from now on, and the output lines to beneficiaries."""
    return Decision({key: pool}, _outputs(lines))


def result_changes(redemption: Redemption) -> Changes:
    """The result of a request, with the timer that removes it after two days."""
    key = state_keys.result(redemption.request)
    return {key: redemption, Timer(key): float(redemption.decided_ms + RESULT_TTL_MS)}


def _outputs(lines: Iterable[RewardFact]) -> list[Output]:
    return [Output(REWARDS, line, reward_key(line)) for line in lines]


def _account_changes(before: Account | None, after: Account) -> Changes:
    """The account, and those of its timer and indexes (wallet, status, code) that change: mostly one of them."""
    key = state_keys.account(after.id)
    changes: Changes = {key: after}
    if before is None or next_timer(before) != next_timer(after):
        changes[Timer(key)] = next_timer(after)
    if before is None or before.granted_ms != after.granted_ms:
        changes[state_keys.wallet_entry(after)] = float(after.granted_ms)
    if before is None or state_keys.status_rank(before) != state_keys.status_rank(after):
        changes[state_keys.status_entry(after)] = state_keys.status_rank(after)
    return changes | _code_changes(before.code if before else None, after)


def _code_changes(before: str | None, after: Account) -> Changes:
    if before == after.code:
        return {}
    old: Changes = {state_keys.code_holder(after.program, before): None} if before else {}
    new: Changes = {state_keys.code_holder(after.program, after.code): CodeHolder(after.id)} if after.code else {}
    return old | new
