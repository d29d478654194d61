"""Rewards → rewards: the state of every reward, in the order of the log.

The ledger reads the topic it writes. Most of its own news tells it nothing; what one partition says to another (a pool
to a beneficiary and back) it takes in like anybody else's.
"""

from collections.abc import Mapping, Sequence

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.rewards import (
    CodeIssued,
    CodeRequested,
    CodeReturned,
    PoolFilled,
    RedemptionRequested,
    RewardApproved,
    RewardDelivered,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardLine,
    RewardRevoked,
)
from referral.fold.fold import Decision, Key, Position
from referral.topics import REWARDS, Topic
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import Mint, Step
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.redemption import Redemption, redeem
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.code_pool_events import PoolLine, handed
from reward_dispatcher.folds.state_changes import State, of_account, of_pool, of_result

_States = Mapping[Key, State | float | None]
_OfAccount = (
    RewardGranted
    | RewardRevoked
    | RewardFulfilled
    | RewardHeld
    | RewardApproved
    | RewardDelivered
    | CodeIssued
    | RedemptionRequested
)


class LedgerFold:
    """Held, fulfilled, redeemed once, revoked, expired. `mint` makes the pattern code of a reward id."""

    name = state_keys.LEDGER
    service = state_keys.SERVICE
    source: Topic = REWARDS
    outputs: Sequence[Topic] = (REWARDS,)
    state: object = State

    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    def keys(self, line: RewardLine) -> Sequence[Key]:
        """The reward (with the request's result), or the pool; nothing for news that tells the ledger nothing."""
        match line:
            case RedemptionRequested():
                return state_keys.account(line.id), state_keys.result(line.request)
            case CodeRequested() | CodeReturned() | PoolFilled():
                return (state_keys.pool(line.program, line.pool),)
            case _:
                return (state_keys.account(line.id),) if isinstance(line, _OfAccount) else ()

    def decide(self, line: RewardLine, states: _States, catalog: Catalog, position: Position) -> Decision[State]:
        """What becomes of the reward or the pool."""
        if isinstance(line, PoolLine):
            return _pooled(line, states, catalog)
        if not isinstance(line, _OfAccount):
            return Decision()
        found = states[state_keys.account(line.id)]
        account = found if isinstance(found, Account) else None
        if isinstance(line, RedemptionRequested):
            return _redeemed(line, account, states)
        return _stepped(account, self._step(account, line))

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Holding periods and uses that end; results that nobody asks for any more."""
        if isinstance(state, Account):
            return _stepped(state, account_transitions.due(state, tick.occurred_at, self._mint))
        return Decision({key: None} if isinstance(state, Redemption) else {})

    def _step(self, account: Account | None, line: _OfAccount) -> Step | None:
        """The step a line leads to; nothing is known of a reward before its grant."""
        if isinstance(line, RewardGranted):
            return account_transitions.granted(account, line, self._mint)
        if account is None:
            return None
        if isinstance(line, RewardApproved):
            return account_transitions.approved(account, line, self._mint)
        return _later(account, line)


def _later(account: Account, line: _OfAccount) -> Step | None:
    match line:
        case RewardRevoked():
            return account_transitions.revoked(account, line)
        case CodeIssued():
            return account_transitions.issued(account, line)
        case RewardHeld():
            return account_transitions.queued(account, line)
        case RewardFulfilled():
            return account_transitions.told(account, line)
        case RewardDelivered():
            return account_transitions.delivered(account, line)
        case _:
            return None


def _stepped(account: Account | None, step: Step | None) -> Decision[State]:
    return of_account(account, step.account, step.news) if step else Decision()


def _redeemed(line: RedemptionRequested, account: Account | None, states: _States) -> Decision[State]:
    """A request that has its result already changes nothing."""
    if states[state_keys.result(line.request)] is not None:
        return Decision()
    decided = redeem(account, line)
    decision = of_account(account, decided.account, (decided.news,) if decided.news else ())
    decision.changes |= of_result(decided.redemption)
    return decision


def _pooled(line: PoolLine, states: _States, catalog: Catalog) -> Decision[State]:
    key = state_keys.pool(line.program, line.pool)
    found = states[key]
    after = handed(found if isinstance(found, Pool) else Pool(), line, catalog)
    return of_pool(key, after.pool, after.news)
