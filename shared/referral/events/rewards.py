"""Rewards and their life cycle, in `referral.rewards`, keyed by program and beneficiary (a person id).

Requests are on the same topic: the ledger fold decides on them in the order of the log, so no reward is paid twice, whatever
process crashes. The lines about their use are in `redemptions.py`, those of budgets in `budgets.py`. What a pool of codes decides
on is in `referral.pools`.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta

from referral.events.budgets import (
    BudgetAllotted,
    BudgetContinued,
    BudgetReached,
    BudgetRecalled,
    BudgetReleaseRequested,
    BudgetRequested,
    BudgetReturned,
)
from referral.events.code_formats import CodeFormat
from referral.events.keys import beneficiary_key, budget_key
from referral.events.line import ClockTicked, Id, Name, RewardEvent, Text, Timestamp
from referral.events.money import Amount, Value
from referral.events.order_codes import OrderCodeRefused, OrderCodeSought, OrderCodeTaken, OrderReported
from referral.events.people import TextId
from referral.events.redemptions import (
    ChargeReviewRequested,
    OffsetRequested,
    RedemptionChangeRequested,
    RedemptionHeld,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionRequested,
    RedemptionReturned,
    RewardOffset,
    RewardRedeemed,
)

RewardKind = Literal[
    "guide",
    "discount_code",
    "credit",
    "early_access",
    "shoutout",
    "giveaway_entry",
    "gift",
    "exclusive_content",
]
GiftHandover = Literal["post", "in_store"]
SealedCode = Annotated[
    str,
    Meta(min_length=1, max_length=1024, description="the code, sealed; lines from before have it in clear, as `code`"),
]
CodeKey = Annotated[
    str,
    Meta(
        max_length=16,
        description="of a generated code: the id of the key that generates it, empty for REFERRAL_SIGNING_KEY",
    ),
]
Handover = Literal["code", "file", "balance", "entitlement", "task", "draw_entry", "shipment", "counter"]
Role = Literal["referrer", "referee"]
HoldReason = Literal["holding_period", "pool_empty", "file_missing", "manual", "operator", "budget"]
RewardAction = Literal["approve", "fulfil", "hold", "release", "revoke", "restore"]
"""What an operator can do about a reward; `domain/life_cycle.py` of reward-dispatcher has which action is legal when."""
LifeState = Literal[
    "holding_period",
    "pool_empty",
    "file_missing",
    "manual",
    "operator",
    "budget",
    "approved",
    "fulfilled",
    "delivered",
    "redeemed",
    "clawed_back",
    "revoked",
    "expired",
]
"""Where a reward is in its life: its status, or why it is held; `clawed_back`: it was used, and revoked afterwards."""
RevocationReason = Literal[
    "unfollowed",
    "refunded",
    "corrected",
    "review",
    "ban",
    "ring",
    "operator",
    "milestone_lost",
    "streak_lost",
    "prize_lost",
    "banned",
]
StopReason = Literal["cap:day", "cap:week", "cap:month", "cap:all"]


def handover_of(kind: RewardKind, gift: GiftHandover | None = None) -> Handover:  # noqa: PLR0911 - a table
    """What the beneficiary receives when a reward is fulfilled; `gift` is how the rule hands a gift over (by post if None).

    A `code` and a `file` are fields of `RewardFulfilled`: a code comes from the rule's pool, a file is named by it. A `balance`
    grows by the grant's value. Platforms query an `entitlement`; a person carries out a `task`; a `draw_entry` takes part in a
    draw; a gift is sent as a `shipment`, or handed over at a `counter`.
    """
    match kind:
        case "discount_code":
            return "code"
        case "guide" | "exclusive_content":
            return "file"
        case "credit":
            return "balance"
        case "early_access":
            return "entitlement"
        case "shoutout":
            return "task"
        case "giveaway_entry":
            return "draw_entry"
        case "gift":
            return "counter" if gift == "in_store" else "shipment"
        case _:
            assert_never(kind)


class RewardGranted(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.granted"):
    """A reward rule owes a beneficiary a reward. The same id granted again after a revocation restores the reward.

    `code_key` and `code_format` fix a generated code: with the same reward id they give the same code. `value` is what a credit
    adds to a balance, or what a code of a fixed amount takes off. `cost` is what the program's `budgets` (TOTAL_BUDGET, or the id
    of a rule) are charged, in their currency. `smallest_use` is in minor units of `value`: a remainder below it closes with the
    last use. `gift` is how a gift is handed over, `order` the order that a reward for an order is for.
    """

    rule: Id
    kind: RewardKind
    role: Role
    version: int
    trigger: Annotated[
        str,
        Meta(
            description="a conversion id, milestone:N, order:conversion:order, streak:unit:N:first day, board:metric:period, or"
            " draw:name:period"
        ),
    ]
    due_at: Annotated[Timestamp | None, Meta(description="when the holding period ends; left out if there is none")] = (
        None
    )
    expires_at: Timestamp | None = None
    pool: Name | None = None
    code_key: CodeKey | None = None
    code_format: CodeFormat | None = None
    percent: int | None = None
    worth: Text | None = None
    manual: bool = False
    value: Value | None = None
    cost: Value | None = None
    budgets: tuple[Id, ...] = ()
    smallest_use: Amount | None = None
    gift: GiftHandover | None = None
    order: Id | None = None


class RewardAdjusted(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.adjusted"):
    """Part of the order of an active reward was refunded: from now on it is worth `value` and costs `cost`, whatever they were.

    Once the whole order was refunded, the reward is revoked (`refunded`) instead.
    """

    value: Value
    cost: Value | None = None


class RewardStopped(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.stopped"):
    """A limit stopped a reward: it was not granted. `id` is the one that it would have had; a later grant of it ends the stop."""

    rule: Id
    kind: RewardKind
    role: Role
    version: int
    trigger: Annotated[str, Meta(description="as in reward.granted")]
    reason: StopReason
    value: Value | None = None


class RewardHeld(RewardEvent, frozen=True, kw_only=True, tag="reward.held"):
    """The reward is held for `reason`; for a `budget`, `total` or the one of a rule, which has too little left for it."""

    reason: HoldReason
    budget: Id | None = None


class RewardApproved(RewardEvent, frozen=True, kw_only=True, tag="reward.approved"):
    """The holding period is over, or an operator ended it: the reward waits for its code."""


class RewardFulfilled(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.fulfilled"):
    """The beneficiary has the reward: the code, the file of a guide, or the right to it.

    An uploaded code is sealed in the line. A generated one is not in it: it follows from `code_key`, `code_format` and the
    reward's id.
    """

    kind: RewardKind
    code: Name | None = None
    sealed_code: SealedCode | None = None
    code_key: CodeKey | None = None
    code_format: CodeFormat | None = None
    file: Text | None = None
    value: Annotated[Value | None, Meta(description="of a credit or a code of a fixed amount")] = None


class RewardDelivered(RewardEvent, frozen=True, kw_only=True, tag="reward.delivered"):
    """A webhook receiver acknowledged that the reward is fulfilled."""


class RewardRevoked(RewardEvent, frozen=True, kw_only=True, tag="reward.revoked"):
    """The reward is taken back: cancelled while held, clawed back afterwards.

    With the reason `operator` it is the ledger's own line about an operator's action; all others are the decide fold's.
    """

    reason: RevocationReason


class ClawbackOpened(RewardEvent, frozen=True, kw_only=True, tag="clawback.opened"):
    """The reward was revoked after it was used. It stays redeemed; an operator decides whether to reclaim its value."""

    reason: RevocationReason


class RewardExpired(RewardEvent, frozen=True, kw_only=True, tag="reward.expired"):
    """The reward was not used in time."""


class RewardActionRequested(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.action_requested"):
    """An operator's decision about a reward, with who made it. `request` identifies it, so that it can be repeated.

    The ledger takes it in the order of the log; the lines that follow have it as their cause.
    """

    request: Id
    action: RewardAction
    by: Name
    note: Annotated[TextId | None, Meta(description="the id of the operator's note, which is in `people`")] = None
    api_key: Annotated[Id | None, Meta(description="the id of the API key that it was sent with")] = None


class RewardActionRefused(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.action_refused"):
    """The action is not legal in the state that the reward is in; `unknown` reward: no state."""

    request: Id
    action: RewardAction
    state: LifeState | None = None


class RewardReleased(RewardEvent, frozen=True, kw_only=True, tag="reward.released"):
    """An operator's hold ended; the reward is where it would be without it."""


class RewardRestored(RewardEvent, frozen=True, kw_only=True, tag="reward.restored"):
    """An operator gave a revoked reward back, or waived the clawback of a used one."""


class CodeIssued(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="code.issued"):
    """The pool gives its next code to this reward and to no other. `segment` and `offset` are the place of the code in the pool."""

    pool: Name
    segment: Annotated[int, Meta(ge=0)] = 0
    offset: Annotated[int, Meta(ge=0)] = 0
    code: Name | None = None
    sealed_code: SealedCode | None = None


KeyedReward = (
    RewardGranted
    | RewardAdjusted
    | RewardStopped
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
    | RedemptionHeld
    | RedemptionReleased
    | RedemptionReturned
    | RedemptionChangeRequested
    | OffsetRequested
    | ChargeReviewRequested
    | RewardOffset
    | RewardActionRequested
    | RewardActionRefused
    | RewardReleased
    | RewardRestored
    | CodeIssued
    | BudgetRequested
    | BudgetAllotted
    | BudgetReturned
    | BudgetReleaseRequested
    | BudgetContinued
    | BudgetReached
    | OrderReported
    | OrderCodeTaken
    | OrderCodeRefused
)
RewardFact = KeyedReward | BudgetRecalled | OrderCodeSought
"""All but two have a key: the recall of a tranche goes to the partition with the tranche, the search for a code through all."""
RewardLine = RewardFact | ClockTicked


def reward_key(line: KeyedReward) -> str:
    """The key of the beneficiary; of what a budget decides, the budget's; of an order, the buyer's."""
    match line:
        case (
            RewardGranted()
            | RewardAdjusted()
            | RewardStopped()
            | RewardFulfilled()
            | RewardHeld()
            | RewardApproved()
            | RewardDelivered()
            | RewardRedeemed()
            | RewardRevoked()
            | ClawbackOpened()
            | RewardExpired()
            | RedemptionRequested()
            | RedemptionRefused()
            | RedemptionHeld()
            | RedemptionReleased()
            | RedemptionReturned()
            | RedemptionChangeRequested()
            | OffsetRequested()
            | ChargeReviewRequested()
            | RewardOffset()
            | RewardActionRequested()
            | RewardActionRefused()
            | RewardReleased()
            | RewardRestored()
            | CodeIssued()
            | BudgetAllotted()
        ):
            return beneficiary_key(line.program, line.beneficiary)
        case BudgetRequested() | BudgetReturned() | BudgetReleaseRequested() | BudgetContinued() | BudgetReached():
            return budget_key(line.program, line.budget)
        case OrderReported() | OrderCodeTaken() | OrderCodeRefused():
            return beneficiary_key(line.program, line.person)
        case _:
            assert_never(line)
