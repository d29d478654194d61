"""Rewards → rewards: the account of every reward, in the order of the log.

The ledger reads the topic that it writes. Most of its own output lines repeat what the account already contains; those with which
one partition informs another (a pool, a beneficiary) are applied like all others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    CodeRequested,
    CodeReturned,
    PoolFilled,
    RedemptionRefused,
    RedemptionRequested,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardLine,
    RewardRedeemed,
    RewardRevoked,
    handover_of,
)
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position
from referral.topics import REWARDS, Topic
from reward_dispatcher.domain import account_transitions
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import CodeGenerator, Transition
from reward_dispatcher.domain.code_pool import Pool, PoolLine, ReadChunk, apply_pool_line
from reward_dispatcher.domain.redemption import Redemption, redeem
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.state_changes import State, account_decision, pool_decision, result_changes
from reward_dispatcher.sealed_codes import CodeSealer

_States = Mapping[Key, State | float | None]
_AccountLine = (
    RewardGranted | RewardRevoked | RewardFulfilled | RewardHeld | RewardApproved | RewardDelivered | CodeIssued
)


class LedgerFold:
    """Holds, fulfils, redeems once, revokes and expires rewards.

    `generate_code` returns the generated code of a reward id. Codes are sealed in every line: `codes` opens those that are read,
    and seals those that are written.
    """

    name = state_keys.LEDGER
    service = state_keys.SERVICE
    source: Topic = REWARDS
    outputs: Sequence[Topic] = (REWARDS,)
    state: object = State
    keeps_order = True

    def __init__(self, generate_code: CodeGenerator, codes: CodeSealer) -> None:
        self._generate_code = generate_code
        self._codes = codes

    def keys(self, line: RewardLine) -> Sequence[Key]:
        """The account (with the request's result), or the pool; nothing for output lines that change no state."""
        match line:
            case RedemptionRequested():
                return state_keys.account(line.id), state_keys.result(line.request)
            case CodeRequested() | CodeReturned() | PoolFilled():
                return (state_keys.pool(line.program, line.pool),)
            case (
                RewardGranted()
                | RewardRevoked()
                | RewardFulfilled()
                | RewardHeld()
                | RewardApproved()
                | RewardDelivered()
                | CodeIssued()
            ):
                return (state_keys.account(line.id),)
            case RewardRedeemed() | RewardExpired() | ClawbackOpened() | RedemptionRefused() | ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(self, line: RewardLine, states: _States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the changes of the account or the pool, and the output lines. Raises DecryptionFailed if a key is missing."""
        return self._sealed(self._decide(self._codes.open_line(line), states, catalog))

    def _decide(self, line: RewardLine, states: _States, catalog: Catalog) -> Decision[State]:
        match line:
            case RedemptionRequested():
                return _redemption_decision(line, states)
            case CodeRequested() | CodeReturned() | PoolFilled():
                return _pool_decision(line, states, self._chunk_reader(catalog))
            case RewardRedeemed() | RewardExpired() | ClawbackOpened() | RedemptionRefused() | ClockTicked():
                return Decision()
            case _:
                account = _account(line.id, states)
                transition = self._transition(account, line)
                if isinstance(line, RewardGranted | RewardApproved):
                    transition = _with_file(account, transition, catalog, line.occurred_at)
                return _account_decision(account, transition)

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Ends holding periods, expires rewards, and removes results that are too old to be requested again."""
        if isinstance(state, Account):
            transition = account_transitions.apply_time(state, tick.occurred_at, self._generate_code)
            with_file = _with_file(state, transition, catalog, tick.occurred_at)
            return self._sealed(_account_decision(state, with_file))
        return Decision({key: None} if isinstance(state, Redemption) else {})

    def _sealed(self, decision: Decision[State]) -> Decision[State]:
        """The decision with the codes of its output lines sealed."""
        outputs = [output._replace(line=self._codes.seal_line(output.line)) for output in decision.outputs]  # type: ignore[type-var]
        return Decision(decision.changes, outputs)

    def _chunk_reader(self, catalog: Catalog) -> ReadChunk:
        """Returns a function that reads the codes of a chunk. It raises LookupError if the catalog lacks the chunk."""

        def read_chunk(chunk: str) -> Sequence[str]:
            known = catalog.pool_chunk(chunk)
            if known is None:
                raise LookupError(f"the catalog has no chunk {chunk}")
            return self._codes.open_chunk(known).codes

        return read_chunk

    def _transition(self, account: Account | None, line: _AccountLine) -> Transition | None:
        """The transition that a line leads to. Only a grant opens an account."""
        if isinstance(line, RewardGranted):
            return account_transitions.apply_grant(account, line, self._generate_code)
        if account is None:
            return None
        if isinstance(line, RewardApproved):
            return account_transitions.apply_approval(account, line, self._generate_code)
        return _apply(account, line)


def _apply(
    account: Account, line: RewardRevoked | RewardHeld | CodeIssued | RewardFulfilled | RewardDelivered
) -> Transition | None:
    match line:
        case RewardRevoked():
            return account_transitions.apply_revocation(account, line)
        case RewardHeld():
            return account_transitions.apply_hold(account, line)
        case CodeIssued():
            return account_transitions.apply_code(account, line)
        case RewardFulfilled():
            return account_transitions.apply_fulfilment(account, line)
        case RewardDelivered():
            return account_transitions.apply_delivery(account, line)
        case _:
            assert_never(line)


def _with_file(
    before: Account | None, transition: Transition | None, catalog: Catalog, at: datetime
) -> Transition | None:
    """The transition; held in place of fulfilled if the reward is a file that is known to be missing."""
    if transition is None or transition.account.status != "fulfilled" or handover_of(transition.account.kind) != "file":
        return transition
    if before is not None and before.status == "fulfilled":
        return transition
    file = _available_file(transition.account, catalog, at)
    return account_transitions.withhold_missing_file(before, transition, file, at)


def _available_file(account: Account, catalog: Catalog, at: datetime) -> str | None:
    """The file that the grant named, otherwise the one that its rule names now; None if neither is there.

    A program whose folder was never listed has every file that it names.
    """
    files, terms = catalog.guide_files(account.program), catalog.program_at(account.program, to_ms(at))
    corrected = [rule.pool for rule in terms.program.rewards if rule.id == account.rule] if terms else []
    named = (name for name in (account.file, *corrected) if name is not None)
    return next((name for name in named if files is None or name in files), None)


def _account(reward: str, states: _States) -> Account | None:
    state = states[state_keys.account(reward)]
    return state if isinstance(state, Account) else None


def _account_decision(account: Account | None, transition: Transition | None) -> Decision[State]:
    return account_decision(account, transition.account, transition.lines) if transition else Decision()


def _redemption_decision(line: RedemptionRequested, states: _States) -> Decision[State]:
    """A request that already has its result changes nothing."""
    if states[state_keys.result(line.request)] is not None:
        return Decision()
    account = _account(line.id, states)
    decided = redeem(account, line)
    decision = account_decision(account, decided.account, (decided.line,) if decided.line else ())
    decision.changes |= result_changes(decided.redemption)
    return decision


def _pool_decision(line: PoolLine, states: _States, read_chunk: ReadChunk) -> Decision[State]:
    key = state_keys.pool(line.program, line.pool)
    state = states[key]
    after = apply_pool_line(state if isinstance(state, Pool) else Pool(), line, read_chunk)
    return pool_decision(key, after.pool, after.lines)
