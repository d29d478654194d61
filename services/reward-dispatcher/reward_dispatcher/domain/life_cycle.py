"""The life of a reward as one table: which action of an operator is legal in which state, and where it leads.

The automatic steps (the clock, pools, reversals, redemption) are in `account_transitions` and `redemption`.
"""

from collections.abc import Mapping

from referral.events.rewards import LifeState, RewardAction
from reward_dispatcher.domain.account import Account

_HANDED_OVER: frozenset[LifeState] = frozenset({"approved", "pool_empty", "file_missing", "fulfilled"})
_RESUMED: frozenset[LifeState] = _HANDED_OVER | {"holding_period", "manual", "budget", "delivered"}
_STOPPED: Mapping[RewardAction, frozenset[LifeState]] = {
    "hold": frozenset({"operator"}),
    "revoke": frozenset({"revoked"}),
}
_USED_IN_PART = {**_STOPPED, "revoke": frozenset[LifeState]({"revoked", "clawed_back"})}
NEXT_STATES: Mapping[LifeState, Mapping[RewardAction, frozenset[LifeState]]] = {
    "holding_period": {"approve": _HANDED_OVER | {"manual"}, **_STOPPED},
    "manual": {"fulfil": _HANDED_OVER, **_STOPPED},
    "pool_empty": _STOPPED,
    "file_missing": _STOPPED,
    "operator": {"release": _RESUMED | {"redeemed"}, "revoke": frozenset({"revoked", "clawed_back"})},
    "budget": _STOPPED,
    "approved": _STOPPED,
    "fulfilled": _USED_IN_PART,
    "delivered": _USED_IN_PART,
    "redeemed": {"revoke": frozenset({"clawed_back"})},
    "clawed_back": {"restore": frozenset({"redeemed", "fulfilled", "delivered", "budget", "operator"})},
    "revoked": {"restore": _RESUMED | {"operator"}},
    "expired": {},
}
"""State × action → the states that can follow. Which of several depends on the reward: its holding period, pool, file and task."""


def life_state(account: Account) -> LifeState:
    """Returns where a reward is in its life."""
    if account.clawback:
        return "clawed_back"
    return account.hold_reason or "approved" if account.status == "held" else account.status


def legal_actions(state: LifeState) -> list[RewardAction]:
    """Returns what an operator can do about a reward in this state, in the order of the table."""
    return list(NEXT_STATES[state])


def is_legal(state: LifeState, action: RewardAction) -> bool:
    """Whether an operator can do this about a reward in this state."""
    return action in NEXT_STATES[state]
