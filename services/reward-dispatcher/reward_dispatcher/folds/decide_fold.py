"""Conversions → rewards, and messages about friends: grants, revocations and stops.

State: the grants of each referrer and of each conversion."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.entitlement.conversion_rewards import Entitlement, grant_rewards, revoke_rewards
from referral.entitlement.earnable_rewards import EarnableRewards, earnable_rewards
from referral.entitlement.grant_lines import GrantLine
from referral.entitlement.grants import WAITING, ConversionGrants, ReferrerGrants
from referral.entitlement.order_rewards import RulesAt, settle_orders
from referral.entitlement.orders import orders_after
from referral.events.attributions import ReferrerKind
from referral.events.conversions import (
    ConversionCleared,
    ConversionHeld,
    ConversionLine,
    ConversionOrdered,
    ConversionOrderRefunded,
    ConversionOrderReinstated,
    ConversionRejected,
    ConversionReversed,
    OrderFact,
)
from referral.events.entities import ProgramVersion
from referral.events.line import ClockTicked
from referral.events.rewards import RewardGranted, reward_key
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import CONVERSIONS, DELIVERIES, REWARDS, Topic
from reward_dispatcher.folds import stop_keys
from reward_dispatcher.folds.message_requests import friend_message
from reward_dispatcher.folds.stop_keys import StoppedReward

State = ReferrerGrants | ConversionGrants | StoppedReward
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]


class DecideFold:
    """Grants what a cleared conversion and its orders earn both sides under the rules in force, and revokes it after a reversal.

    `code_key` is the id of the key with which codes are generated from now on.
    """

    name = stop_keys.DECIDE
    service = "rd"
    source: Topic = CONVERSIONS
    outputs: Sequence[Topic] = (REWARDS, DELIVERIES)
    ignored: Sequence[type[Struct]] = (ConversionHeld, ConversionRejected)
    state: object = State
    keeps_order = True

    def __init__(self, code_key: str) -> None:
        self._code_key = code_key
        self._earnable: dict[tuple[str, ReferrerKind], tuple[ProgramVersion, EarnableRewards]] = {}  # as last used

    def keys(self, line: ConversionLine) -> Sequence[Key]:
        """The referrer and the conversion, for an order the conversion; held and rejected conversions earn nothing."""
        match line:
            case ConversionCleared() | ConversionReversed():
                return _keys(line)
            case ConversionOrdered() | ConversionOrderRefunded() | ConversionOrderReinstated():
                return (_conversion_key(line.id),)
            case ConversionHeld() | ConversionRejected() | ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(self, line: ConversionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns grants, revocations or stops. Raises LookupError if the catalog lacks the rules in force."""
        match line:
            case ConversionCleared():
                return self._clear(line, states, catalog)
            case ConversionReversed():
                return self._reverse(line, states, catalog)
            case ConversionOrdered() | ConversionOrderRefunded() | ConversionOrderReinstated():
                return self._settle(line, states, catalog)
            case ConversionHeld() | ConversionRejected() | ClockTicked():
                return Decision()
            case _:
                assert_never(line)

    def _clear(self, line: ConversionCleared, states: States, catalog: Catalog) -> Decision[State]:
        keys = _keys(line)
        referrer, conversion = states[keys[0]], states[keys[1]]
        before = conversion if isinstance(conversion, ConversionGrants) else WAITING
        if before.active:
            return Decision()
        grants = referrer if isinstance(referrer, ReferrerGrants) else ReferrerGrants()
        earnable = self._rewards(line.program, line.referrer_kind, line.occurred_at, catalog)
        earned = grant_rewards(line, earnable, grants, before)
        if before.orders:
            earned = self._with_orders(line, earned, catalog)
        decision = _decision(line.program, keys, earned, has_caps=bool(earnable.caps))
        decision.outputs += friend_message(line, earned.referrer, catalog)
        return decision

    def _with_orders(self, line: ConversionCleared, earned: Entitlement, catalog: Catalog) -> Entitlement:
        settled, lines = settle_orders(line, earned.conversion, self._rules_at(line, catalog))
        return Entitlement(earned.referrer, settled, [*earned.lines, *lines])

    def _reverse(self, line: ConversionReversed, states: States, catalog: Catalog) -> Decision[State]:
        keys = _keys(line)
        referrer, conversion = states[keys[0]], states[keys[1]]
        if not isinstance(conversion, ConversionGrants) or not conversion.active:
            return Decision()
        grants = referrer if isinstance(referrer, ReferrerGrants) else ReferrerGrants()
        rules = self._rewards(line.program, line.referrer_kind, line.cleared_at, catalog) if conversion.units else None
        decision = _decision(
            line.program, keys, revoke_rewards(line, conversion, grants, rules.streaks if rules else ())
        )
        decision.changes.update(stop_keys.without_stops(line.program, conversion.stopped))
        return decision

    def _settle(self, line: OrderFact, states: States, catalog: Catalog) -> Decision[State]:
        key = _conversion_key(line.id)
        state = states[key]
        before = state if isinstance(state, ConversionGrants) else WAITING
        orders = orders_after(before.orders, line)
        if orders == before.orders:
            return Decision()
        after, lines = settle_orders(line, replace(before, orders=orders), self._rules_at(line, catalog))
        decision: Decision[State] = Decision({key: after}, _outputs(lines))
        decision.changes.update(stop_keys.with_stops(lines))
        return decision

    def _rules_at(self, line: ConversionCleared | OrderFact, catalog: Catalog) -> RulesAt:
        return lambda at: self._rewards(line.program, line.referrer_kind, at, catalog)

    def _rewards(self, program: str, kind: ReferrerKind, at: datetime, catalog: Catalog) -> EarnableRewards:
        """What can be earned under the version in force when it happened, not when its line arrived."""
        terms = catalog.program_at(program, to_ms(at))
        if terms is None:
            raise LookupError(f"no version of program {program} was in force at {at.isoformat()}")
        known = self._earnable.get((program, kind))
        if known is None or known[0] is not terms:
            known = terms, earnable_rewards(terms, kind, self._code_key)
            self._earnable[program, kind] = known
        return known[1]


def referrer_grants_key(program: str, referrer: str) -> str:
    """The key of a referrer's grants, in the partition of their referrals."""
    return f"referrer:{program}|{referrer}"


def _keys(line: ConversionCleared | ConversionReversed) -> tuple[str, str]:
    """The keys of the referrer and of the conversion."""
    return referrer_grants_key(line.program, line.referrer), _conversion_key(line.id)


def _conversion_key(conversion: str) -> str:
    return f"conversion:{conversion}"


def _decision(
    program: str, keys: tuple[str, str], entitlement: Entitlement, *, has_caps: bool = False
) -> Decision[State]:
    """The states and lines. A conversion that is not cleared and has no orders leaves no state."""
    conversion = entitlement.conversion
    kept = conversion if conversion.active or conversion.orders else None
    changes: Changes = {keys[0]: entitlement.referrer, keys[1]: kept}
    if has_caps:
        granted = [line.id for line in entitlement.lines if isinstance(line, RewardGranted)]
        changes.update(stop_keys.without_stops(program, granted))
        changes.update(stop_keys.with_stops(entitlement.lines))
    return Decision(changes, _outputs(entitlement.lines))


def _outputs(lines: Sequence[GrantLine]) -> list[Output]:
    return [Output(REWARDS, line, reward_key(line)) for line in lines]
