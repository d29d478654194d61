"""From a step of the domain to what the fold writes: the account, all that leads to it, and the news under its keys."""

from collections.abc import Iterable

from referral.events.rewards import RewardFact, reward_key
from referral.fold.fold import Decision, Key, Output, Timer
from referral.topics import REWARDS
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import timer
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_keys import Holder

State = Account | Redemption | Pool | Holder
Changes = dict[Key, State | float | None]

# An Idempotency-Key is honoured for a day (docs: the API's conventions); twice that, and nobody asks any more.
RESULT_KEPT_MS = 2 * 24 * 3600 * 1000


def of_account(before: Account | None, after: Account | None, news: Iterable[RewardFact] = ()) -> Decision[State]:
    """The account from now on (None: nothing changed), and the news."""
    changes = _changes(before, after) if after is not None else {}
    return Decision(changes, _outputs(news))


def of_pool(key: str, pool: Pool, news: Iterable[RewardFact]) -> Decision[State]:
    """The pool from now on, and what it tells beneficiaries."""
    return Decision({key: pool}, _outputs(news))


def of_result(redemption: Redemption) -> Changes:
    """A request's result, forgotten after two days."""
    key = state_keys.result(redemption.request)
    return {key: redemption, Timer(key): float(redemption.decided_ms + RESULT_KEPT_MS)}


def _outputs(news: Iterable[RewardFact]) -> list[Output]:
    return [Output(REWARDS, line, reward_key(line)) for line in news]


def _changes(before: Account | None, after: Account) -> Changes:
    """The account; of what leads to it (timer, wallet, rank, code) only what is new: most steps move one of them."""
    key = state_keys.account(after.id)
    changes: Changes = {key: after}
    if before is None or timer(before) != timer(after):
        changes[Timer(key)] = timer(after)
    if before is None or before.granted_ms != after.granted_ms:
        changes[state_keys.wallet_entry(after)] = float(after.granted_ms)
    if before is None or state_keys.rank(before) != state_keys.rank(after):
        changes[state_keys.rank_entry(after)] = state_keys.rank(after)
    return changes | _code_changes(before.code if before else None, after)


def _code_changes(before: str | None, after: Account) -> Changes:
    if before == after.code:
        return {}
    old: Changes = {state_keys.holder(after.program, before): None} if before else {}
    new: Changes = {state_keys.holder(after.program, after.code): Holder(after.id)} if after.code else {}
    return old | new
