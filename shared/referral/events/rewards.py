"""Rewards and what becomes of them, in `referral.rewards`, keyed by program and beneficiary (a person's external id).

The requests stand here too: they are facts that the ledger fold decides on in the order of the log, so that one redemption of
a reward wins and one reward gets each code, whatever crashes meanwhile. Requests for a code are keyed by program and pool.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta

from referral.events.keys import beneficiary_key, pool_key
from referral.events.line import ClockTicked, Derived, Id, Name, PersonId, Text, Timestamp

RewardKind = Literal["guide", "discount_code", "early_access", "shoutout", "giveaway_entry", "exclusive_content"]
Role = Literal["referrer", "referee"]
HoldReason = Literal["holding_period", "pool_empty", "manual"]
RevocationReason = Literal[
    "unfollowed", "refunded", "corrected", "review", "ban", "ring", "operator", "milestone_lost", "banned"
]
RefusalReason = Literal["already_redeemed", "not_redeemable", "revoked", "expired", "unknown"]


class RewardEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to one reward."""

    id: Id
    beneficiary: PersonId


class RewardGranted(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.granted"):
    """A rule owes somebody a reward. Granted again with the same id after a revocation, it is the same reward restored."""

    rule: Id
    kind: RewardKind
    role: Role
    version: int
    trigger: Annotated[str, Meta(description="a conversion id, or milestone:N")]
    due_at: Annotated[Timestamp, Meta(description="when the holding period ends")]
    expires_at: Timestamp | None = None
    pool: Name | None = None
    percent: int | None = None
    worth: Text | None = None
    manual: bool = False


class RewardHeld(RewardEvent, frozen=True, kw_only=True, tag="reward.held"):
    """It waits, and for what."""

    reason: HoldReason


class RewardApproved(RewardEvent, frozen=True, kw_only=True, tag="reward.approved"):
    """The holding period is over, or somebody approved it."""


class RewardFulfilled(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.fulfilled"):
    """The beneficiary has it: the code, or the file of a guide."""

    kind: RewardKind
    code: Name | None = None
    file: Text | None = None


class RewardDelivered(RewardEvent, frozen=True, kw_only=True, tag="reward.delivered"):
    """The beneficiary was told."""


class RewardRedeemed(RewardEvent, frozen=True, kw_only=True, tag="reward.redeemed"):
    """It was used, once, for this order."""

    order: Id
    request: Id


class RewardRevoked(RewardEvent, frozen=True, kw_only=True, tag="reward.revoked"):
    """It is taken back: cancelled while held, clawed back after."""

    reason: RevocationReason


class RewardExpired(RewardEvent, frozen=True, kw_only=True, tag="reward.expired"):
    """Its time ran out unused."""


class RedemptionRequested(RewardEvent, frozen=True, kw_only=True, tag="redemption.requested"):
    """Somebody asks to use a reward for an order; `request` names this asking, so that it can be asked again."""

    order: Id
    request: Id


class RedemptionRefused(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.refused"):
    """That asking failed, and why; `order` is the one it had been used for."""

    request: Id
    reason: RefusalReason
    order: Id | None = None


class CodeRequested(RewardEvent, frozen=True, kw_only=True, tag="code.requested"):
    """A reward waits for a code from a pool. Keyed by program and pool: a pool has one line of waiting."""

    pool: Name
    kind: RewardKind


class CodeIssued(RewardEvent, frozen=True, kw_only=True, tag="code.issued"):
    """The pool's next code is this reward's; nobody else gets it."""

    pool: Name
    code: Name


class CodeReturned(RewardEvent, frozen=True, kw_only=True, tag="code.returned"):
    """A code came for a reward that no longer wants it. Nobody saw it: the next in line gets it. Keyed by program and pool."""

    pool: Name
    code: Name


class PoolFilled(Derived, frozen=True, kw_only=True, tag="pool.filled"):
    """Codes of a catalog chunk can be given out from here on. Keyed by program and pool."""

    pool: Name
    chunk: Id
    count: Annotated[int, Meta(ge=1, le=1000)]


RewardFact = (
    RewardGranted
    | RewardHeld
    | RewardApproved
    | RewardFulfilled
    | RewardDelivered
    | RewardRedeemed
    | RewardRevoked
    | RewardExpired
    | RedemptionRequested
    | RedemptionRefused
    | CodeRequested
    | CodeIssued
    | CodeReturned
    | PoolFilled
)
RewardLine = RewardFact | ClockTicked


def reward_key(line: RewardFact) -> str:
    """The key of the beneficiary; of what a pool of codes decides, the pool's."""
    match line:
        case (
            RewardGranted()
            | RewardHeld()
            | RewardApproved()
            | RewardFulfilled()
            | RewardDelivered()
            | RewardRedeemed()
            | RewardRevoked()
            | RewardExpired()
            | RedemptionRequested()
            | RedemptionRefused()
            | CodeIssued()
        ):
            return beneficiary_key(line.program, line.beneficiary)
        case CodeRequested() | CodeReturned() | PoolFilled():
            return pool_key(line.program, line.pool)
        case _:
            assert_never(line)
