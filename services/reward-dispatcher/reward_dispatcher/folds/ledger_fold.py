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
from reward_dispatcher.domain.account_transitions import CodeGenerator, Transition
from reward_dispatcher.domain.code_pool import Pool
from reward_dispatcher.domain.redemption import Redemption, redeem
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.code_pool_events import PoolLine, apply
from reward_dispatcher.folds.state_changes import State, account_decision, pool_decision, result_changes

_States = Mapping[Key, State | float | None]
_AccountLine = (
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

    def __init__(self, generate_code: CodeGenerator) -> None:
        self._generate_code = generate_code

    def keys(self, line: RewardLine) -> Sequence[Key]:
        """The reward (with the request's result), or the pool; nothing for news that tells the ledger nothing."""
        match line:
            case RedemptionRequested():
                return state_keys.account(line.id), state_keys.result(line.request)
            case CodeRequested() | CodeReturned() | PoolFilled():
                return (state_keys.pool(line.program, line.pool),)
            case _:
                return (state_keys.account(line.id),) if isinstance(line, _AccountLine) else ()

    def decide(self, line: RewardLine, states: _States, catalog: Catalog, position: Position) -> Decision[State]:
        """What becomes of the reward or the pool."""
        if isinstance(line, PoolLine):
            return _pool_decision(line, states, catalog)
        if not isinstance(line, _AccountLine):
            return Decision()
        found = states[state_keys.account(line.id)]
        account = found if isinstance(found, Account) else None
        if isinstance(line, RedemptionRequested):
            return _redemption_decision(line, account, states)
        return _account_decision(account, self._transition(account, line))

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Holding periods and uses that end; results that nobody asks for any more."""
        if isinstance(state, Account):
            return _account_decision(
                state, account_transitions.apply_time(state, tick.occurred_at, self._generate_code)
            )
        return Decision({key: None} if isinstance(state, Redemption) else {})

    def _transition(self, account: Account | None, line: _AccountLine) -> Transition | None:
        """The step a line leads to; nothing is known of a reward before its grant."""
        if isinstance(line, RewardGranted):
            return account_transitions.apply_grant(account, line, self._generate_code)
        if account is None:
            return None
        if isinstance(line, RewardApproved):
            return account_transitions.apply_approval(account, line, self._generate_code)
        return _granted_transition(account, line)


def _granted_transition(account: Account, line: _AccountLine) -> Transition | None:
    match line:
        case RewardRevoked():
            return account_transitions.apply_revocation(account, line)
        case CodeIssued():
            return account_transitions.apply_code(account, line)
        case RewardHeld():
            return account_transitions.apply_hold(account, line)
        case RewardFulfilled():
            return account_transitions.apply_fulfilment(account, line)
        case RewardDelivered():
            return account_transitions.apply_delivery(account, line)
        case _:
            return None


def _account_decision(account: Account | None, step: Transition | None) -> Decision[State]:
    return account_decision(account, step.account, step.lines) if step else Decision()


def _redemption_decision(line: RedemptionRequested, account: Account | None, states: _States) -> Decision[State]:
    """A request that has its result already changes nothing."""
    if states[state_keys.result(line.request)] is not None:
        return Decision()
    decided = redeem(account, line)
    decision = account_decision(account, decided.account, (decided.line,) if decided.line else ())
    decision.changes |= result_changes(decided.redemption)
    return decision


def _pool_decision(line: PoolLine, states: _States, catalog: Catalog) -> Decision[State]:
    key = state_keys.pool(line.program, line.pool)
    found = states[key]
    after = apply(found if isinstance(found, Pool) else Pool(), line, catalog)
    return pool_decision(key, after.pool, after.lines)
