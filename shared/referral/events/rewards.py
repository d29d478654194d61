"""Rewards and their life cycle, in `referral.rewards`, keyed by program and beneficiary (a person's id at the platform).

Requests are on the same topic: the ledger fold decides on them in the order of the log, so one redemption of a reward wins and
one reward receives each code, whatever process crashes. What a pool of codes decides on is keyed by program and pool.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta

from referral.events.keys import beneficiary_key, pool_key
from referral.events.line import ClockTicked, Derived, Id, Name, PersonId, Text, Timestamp

RewardKind = Literal["guide", "discount_code", "early_access", "shoutout", "giveaway_entry", "exclusive_content"]
SealedCode = Annotated[
    str,
    Meta(min_length=1, max_length=1024, description="the code, sealed; lines from before have it in clear, as `code`"),
]
Handover = Literal["code", "file", "none"]
Role = Literal["referrer", "referee"]
HoldReason = Literal["holding_period", "pool_empty", "file_missing", "manual"]
RevocationReason = Literal[
    "unfollowed", "refunded", "corrected", "review", "ban", "ring", "operator", "milestone_lost", "banned"
]
RefusalReason = Literal["already_redeemed", "not_redeemable", "revoked", "expired", "unknown"]


def handover_of(kind: RewardKind) -> Handover:
    """What the beneficiary receives when a reward is fulfilled: a code, a file, or nothing that this system hands over.

    It decides which field of `RewardFulfilled` is set. A code comes from the rule's pool, a file is named by it.
    """
    match kind:
        case "discount_code":
            return "code"
        case "guide" | "exclusive_content":
            return "file"
        case "early_access" | "shoutout" | "giveaway_entry":
            return "none"
        case _:
            assert_never(kind)


class RewardEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to one reward."""

    id: Id
    beneficiary: PersonId


class RewardGranted(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.granted"):
    """A reward rule owes a beneficiary a reward. The same id granted again after a revocation restores the reward."""

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
    """The reward is held for `reason`."""

    reason: HoldReason


class RewardApproved(RewardEvent, frozen=True, kw_only=True, tag="reward.approved"):
    """The holding period is over, or an operator approved the reward."""


class RewardFulfilled(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.fulfilled"):
    """The beneficiary has the reward: the code, the file of a guide, or the right to it."""

    kind: RewardKind
    code: Name | None = None
    sealed_code: SealedCode | None = None
    file: Text | None = None


class RewardDelivered(RewardEvent, frozen=True, kw_only=True, tag="reward.delivered"):
    """A webhook receiver acknowledged that the reward is fulfilled."""


class RewardRedeemed(RewardEvent, frozen=True, kw_only=True, tag="reward.redeemed"):
    """The reward was used, once, for this order."""

    order: Id
    request: Id


class RewardRevoked(RewardEvent, frozen=True, kw_only=True, tag="reward.revoked"):
    """The reward is taken back: cancelled while held, clawed back afterwards."""

    reason: RevocationReason


class ClawbackOpened(RewardEvent, frozen=True, kw_only=True, tag="clawback.opened"):
    """The reward was revoked after it was used. It stays redeemed; an operator decides whether to reclaim its value."""

    reason: RevocationReason


class RewardExpired(RewardEvent, frozen=True, kw_only=True, tag="reward.expired"):
    """The reward was not used in time."""


class RedemptionRequested(RewardEvent, frozen=True, kw_only=True, tag="redemption.requested"):
    """A request to use a reward for an order. `request` identifies it, so that it can be repeated."""

    order: Id
    request: Id


class RedemptionRefused(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.refused"):
    """The request was refused; `order` is the order that the reward was used for, if any."""

    request: Id
    reason: RefusalReason
    order: Id | None = None


class CodeRequested(RewardEvent, frozen=True, kw_only=True, tag="code.requested"):
    """A reward needs a code from a pool. Keyed by program and pool: each pool has one queue."""

    pool: Name
    kind: RewardKind


class CodeIssued(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="code.issued"):
    """The pool gives its next code to this reward and to no other."""

    pool: Name
    code: Name | None = None
    sealed_code: SealedCode | None = None


class CodeReturned(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="code.returned"):
    """A code was issued to a reward that no longer needs it. It was not shown to anyone: the next reward in the queue gets it.

    Keyed by program and pool.
    """

    pool: Name
    code: Name | None = None
    sealed_code: SealedCode | None = None


class PoolFilled(Derived, frozen=True, kw_only=True, tag="pool.filled"):
    """The codes of a catalog chunk can be issued from here on. Keyed by program and pool."""

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
    | ClawbackOpened
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
            | ClawbackOpened()
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
