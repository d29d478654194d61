"""Response bodies of this API, and how they follow from the ledger's state, the catalog and `people`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from referral.events.money import Value
from referral.events.redemptions import RedemptionChange, RefusalReason
from referral.events.rewards import HoldReason, RevocationReason, RewardAction, RewardKind, Role
from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.log.errors import LogUnavailable
from referral.people.known_people import KnownPerson, known_people
from referral.program_file.supply import SupplyProblemCode
from reward_dispatcher.domain.account import Account, Status, Step
from reward_dispatcher.domain.balance import free, is_divisible
from reward_dispatcher.domain.discount_codes import mask_code
from reward_dispatcher.domain.receipts import MAX_REFUSED
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.domain.unit_balance import UnitBalance, balance_in_words
from reward_dispatcher.http_api.dependencies import dependencies

_DOWNLOAD_LINK_TTL_MS = 30 * DAY_MS
FULFILLED_STATUSES = ("fulfilled", "delivered", "redeemed")


class RewardResponse(Struct):
    """A reward and its status."""

    id: Annotated[str, Meta(examples=["rwd_0123456789abcdef"])]
    program: str
    beneficiary: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[
        str | None,
        Meta(description="the platform's own id of the beneficiary; null after an erasure", examples=["xhs:amy"]),
    ]
    rule: Annotated[str, Meta(description="the program's reward rule that it follows from")]
    kind: RewardKind
    role: Role
    version: Annotated[int, Meta(description="the program version that contains the rule")]
    trigger: Annotated[str, Meta(description="a conversion id, or milestone:N")]
    status: Status
    waits_for: Annotated[HoldReason | None, Meta(description="why it is held")]
    code: Annotated[
        str | None, Meta(description="masked, with its last two characters at most, unless the key has `rewards:read`")
    ]
    percent: int | None
    value: Annotated[Value | None, Meta(description="of a credit or a code of a fixed amount: [minor units, unit]")]
    left: Annotated[int | None, Meta(description="of `value`: neither used nor held; null for other rewards")]
    worth: str | None
    download: Annotated[str | None, Meta(description="of a guide: a link that works for 30 days")]
    granted_at: Timestamp
    due_at: Annotated[Timestamp, Meta(description="when the holding period ends")]
    expires_at: Timestamp | None
    fulfilled_at: Timestamp | None
    redeemed_at: Timestamp | None
    order_id: Annotated[str | None, Meta(description="the order it was used for")]
    revoked_for: Annotated[RevocationReason | None, Meta(description="why it was revoked")]
    clawback: Annotated[bool, Meta(description="used, and revoked afterwards")]


class RewardsResponse(Page[RewardResponse]):
    """A page of rewards, newest grant first."""

    total: int


class TasksResponse(Page[RewardResponse]):
    """A page of rewards that wait for a person or a remedy, the longest wait first."""


class StepResponse(Struct):
    """A step in a reward's life."""

    state: Annotated[str, Meta(description="the state that it reached", examples=["fulfilled"])]
    at: Timestamp
    reason: Annotated[RevocationReason | None, Meta(description="of a revocation")]
    order_id: Annotated[str | None, Meta(description="of a use: the order")]
    action: Annotated[RewardAction | None, Meta(description="what an operator decided; null for an automatic step")]
    by: Annotated[str | None, Meta(description="who decided it", examples=["lin@glow.example"])]
    note: Annotated[str | None, Meta(description="why; null without a note, and after an erasure")]
    api_key: Annotated[str | None, Meta(description="the id of the API key that it was sent with")]


class UseResponse(Struct):
    """A use of a reward for an order, or a hold of it."""

    redemption_id: Annotated[str, Meta(examples=["rdm_0123456789abcdef"])]
    order_id: str
    amount: Annotated[int | None, Meta(description="in minor units or points; null for a reward used as a whole")]
    returned: Annotated[
        int | None, Meta(description="what refunds and cancellations gave back of it; null as for `amount`")
    ]
    at: Timestamp
    held_until: Annotated[Timestamp | None, Meta(description="of a hold: when it ends by itself; null for a use")]


class HistoryResponse(Struct):
    """The life of a reward, the earliest step first; of more than a hundred steps the first and the newest.

    A use of a part changes no state and is no step: `uses` has every use and running hold.
    """

    reward_id: Annotated[str, Meta(examples=["rwd_0123456789abcdef"])]
    program: str
    steps: list[StepResponse]
    uses: list[UseResponse]


class LotResponse(Struct):
    """What a redemption took from a reward."""

    reward_id: str
    amount: Annotated[int | None, Meta(description="in minor units or points; null for a reward used as a whole")]


class RedemptionResponse(Struct):
    """A redemption that succeeded."""

    id: Annotated[str, Meta(examples=["rdm_0123456789abcdef"])]
    reward_id: Annotated[str, Meta(description="the reward, or the first of a balance")]
    order_id: str
    status: Literal["redeemed"]
    redeemed_at: Timestamp
    amount: Annotated[int | None, Meta(description="in minor units or points; null for a reward used as a whole")]
    unit: Annotated[str | None, Meta(description="an ISO 4217 code, or points", examples=["CNY"])]
    lots: Annotated[list[LotResponse], Meta(description="what was used: of a balance the soonest to expire first")]


class HoldResponse(Struct):
    """A hold: capture or release it, or it ends by itself."""

    id: Annotated[str, Meta(examples=["rdm_0123456789abcdef"])]
    reward_id: Annotated[str, Meta(description="the reward, or the first of a balance")]
    order_id: str
    status: Literal["held"]
    held_until: Timestamp
    amount: Annotated[int | None, Meta(description="in minor units or points; null for a reward used as a whole")]
    unit: Annotated[str | None, Meta(description="an ISO 4217 code, or points", examples=["CNY"])]
    lots: list[LotResponse]


class RedemptionChangeResponse(Struct):
    """What a capture, a release or a reversal led to."""

    redemption_id: Annotated[str, Meta(examples=["rdm_0123456789abcdef"])]
    change: RedemptionChange
    amount: Annotated[
        int, Meta(description="captured, released or given back: minor units, points, or 1 for a whole reward")
    ]
    at: Timestamp


class BalanceLotResponse(Struct):
    """A credit that is part of a balance."""

    reward_id: str
    free: int
    held: Annotated[int, Meta(description="by holds of orders that are not paid yet")]
    expires_at: Timestamp | None


class BalanceResponse(Struct):
    """A person's credit in a unit. Amounts are minor units (fen, cents), or points."""

    unit: Annotated[str, Meta(description="an ISO 4217 code, or points", examples=["CNY"])]
    free: Annotated[int, Meta(description="what can be used now")]
    held: int
    debt: Annotated[int, Meta(description="used and taken back since; the next credit pays it")]
    in_words: Annotated[str, Meta(examples=["12.00 CNY to spend"])]
    lots: Annotated[list[BalanceLotResponse], Meta(description="as they are used: the soonest to expire first")]


class BalancesResponse(Struct):
    """A person's balances, one of each unit."""

    program: str
    person: Annotated[str, Meta(description="their person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    items: list[BalanceResponse]


class CodeResponse(Struct):
    """Whether a code can be used now. The request itself does not use it."""

    code: str | None
    valid: bool
    reason: Annotated[RefusalReason | None, Meta(description="why not; null if it is valid")]
    reward_id: str
    program: str
    kind: RewardKind
    percent: int | None
    value: Annotated[Value | None, Meta(description="of a code of a fixed amount: [minor units, unit]")]
    left: Annotated[int | None, Meta(description="of `value`: neither used nor held; null for other codes")]
    expires_at: Timestamp | None
    order_id: Annotated[str | None, Meta(description="the order it was used for")]


class LineVerdict(Struct):
    """Why a line of an upload added no code."""

    line: Annotated[int, Meta(description="from 1; of JSON the number of the entry")]
    reason: Annotated[
        Literal["invalid", "duplicate", "other_pool"],
        Meta(description="no valid code; the pool has it already; another pool of the program has it"),
    ]
    detail: str


class PoolUploadResponse(Struct):
    """What was added to the pool, and what it contains now."""

    accepted: Annotated[int, Meta(description="codes that no pool of the program had")]
    duplicates: Annotated[
        int, Meta(description="codes that the pool had already, also from earlier lines of the upload")
    ]
    refused: Annotated[int, Meta(description="lines without a valid code, and codes of another pool of the program")]
    lines: Annotated[
        list[LineVerdict], Meta(max_length=MAX_REFUSED, description="the first lines that added no code, and why")
    ]
    total: Annotated[int, Meta(description="codes uploaded to the pool so far")]
    left: Annotated[int, Meta(description="codes that can still be given")]
    warning: Annotated[
        str | UnsetType, Meta(description="only if no reward rule names the pool: its codes are never given")
    ] = UNSET


class VoidVerdict(Struct):
    """Why a code was not declared void."""

    line: Annotated[int, Meta(description="the number of the entry, from 1")]
    reason: Annotated[
        Literal["given", "unknown"], Meta(description="a reward has it; the pool does not have it, or not yet")
    ]


class VoidCodesResponse(Struct):
    """How many codes of a pool are void from now on."""

    voided: Annotated[int, Meta(description="codes that are never given from now on")]
    repeated: Annotated[int, Meta(description="codes that had been declared void before")]
    given: Annotated[int, Meta(description="codes that a reward has: they stay with it, and are never given again")]
    unknown: Annotated[int, Meta(description="codes that the pool does not have")]
    lines: Annotated[
        list[VoidVerdict], Meta(max_length=MAX_REFUSED, description="the first of the given and unknown ones")
    ]
    left: Annotated[int, Meta(description="codes that can still be given")]


class PoolResponse(Struct):
    """A pool of codes: uploaded = left + issued + void."""

    pool: str
    uploaded: Annotated[int, Meta(description="codes uploaded so far")]
    left: Annotated[int, Meta(description="codes that can still be given")]
    issued: Annotated[int, Meta(description="codes that rewards have, handed over or kept for them")]
    void: Annotated[int, Meta(description="codes that are never given")]
    waiting: Annotated[int, Meta(description="rewards that wait for a code")]
    low_water: Annotated[int, Meta(description="below how many codes the pool is low")]
    low: Annotated[bool, Meta(description="whether a rule names the pool and it is low: upload more")]


class PoolsResponse(Struct):
    """The pools of a program."""

    program: str
    items: list[PoolResponse]


class PoolSummary(Struct):
    """The codes of a pool."""

    left: Annotated[int, Meta(description="codes that can still be issued")]
    waiting: Annotated[int, Meta(description="rewards that wait for a code")]


class SupplyProblemResponse(Struct):
    """A file or codes that rewards need and that are missing, or codes that no rule uses."""

    code: SupplyProblemCode
    pointer: Annotated[str, Meta(description="JSON pointer into the program", examples=["/rewards/0/pool"])]
    detail: str


class RewardSummaryResponse(Struct):
    """How many rewards a program has, by status and rule."""

    program: str
    granted: Annotated[int, Meta(description="granted and not revoked: all but those with the status `revoked`")]
    standing: Annotated[int, Meta(description="granted, and neither revoked nor expired")]
    redeemed: Annotated[int, Meta(description="used, including clawbacks")]
    by_status: Annotated[
        dict[str, int], Meta(description="`clawback`: used, and revoked afterwards; not included in `redeemed`")
    ]
    by_rule: dict[str, dict[str, int]]
    pools: dict[str, PoolSummary]
    problems: Annotated[
        list[SupplyProblemResponse], Meta(description="why rewards of the newest version are or will be held")
    ]


def reward_responses(accounts: Sequence[Account], *, shows_code: bool) -> list[RewardResponse]:
    """The bodies that describe rewards; codes are masked unless `shows_code`."""
    people = beneficiaries({account.beneficiary for account in accounts})
    return [_reward_response(account, people[account.beneficiary], shows_code=shows_code) for account in accounts]


def beneficiaries(ids: set[str]) -> dict[str, KnownPerson | None]:
    """Who they are; as known so far if Kafka does not answer, since rewards are shown without it."""
    try:
        return known_people(ids, context().people)
    except LogUnavailable:
        return known_people(ids, context().people.snapshot())


def _reward_response(account: Account, person: KnownPerson | None, *, shows_code: bool) -> RewardResponse:
    return RewardResponse(
        id=account.id,
        program=account.program,
        beneficiary=account.beneficiary,
        external_id=person.external_id if person else None,
        rule=account.rule,
        kind=account.kind,
        role=account.role,
        version=account.version,
        trigger=account.trigger,
        status=account.status,
        waits_for=account.hold_reason,
        code=_shown_code(account, shows_code=shows_code),
        percent=account.percent,
        value=account.value,
        left=free(account, context().clock.now_ms()) if is_divisible(account) else None,
        worth=account.worth,
        download=download_link(account),
        granted_at=to_datetime(account.granted_ms),
        due_at=to_datetime(account.due_ms),
        expires_at=optional_datetime(account.expires_ms),
        fulfilled_at=optional_datetime(account.fulfilled_ms),
        redeemed_at=optional_datetime(account.redeemed_ms),
        order_id=account.order,
        revoked_for=account.revocation_reason,
        clawback=account.clawback,
    )


def step_response(beneficiary: str, step: Step) -> StepResponse:
    """The body that describes a step of a beneficiary's reward, with the operator's note as it is known now."""
    note = context().people.text(beneficiary, step.note) if step.note else None
    return StepResponse(
        state=step.state,
        at=to_datetime(step.at_ms),
        reason=step.reason,
        order_id=step.order,
        action=step.action,
        by=step.by,
        note=note.text if note else None,
        api_key=step.api_key,
    )


def use_responses(account: Account) -> list[UseResponse]:
    """The bodies that describe the uses and running holds of a reward, the earliest first."""
    in_parts = is_divisible(account)
    return [
        UseResponse(
            redemption_id=use.request,
            order_id=use.order,
            amount=use.amount if in_parts else None,
            returned=use.returned if in_parts else None,
            at=to_datetime(use.at_ms),
            held_until=None if use.until_ms is None else to_datetime(use.until_ms),
        )
        for use in account.uses
    ]


def redemption_response(redemption: Redemption) -> RedemptionResponse:
    """The body that describes a redemption that succeeded."""
    return RedemptionResponse(
        id=redemption.request,
        reward_id=redemption.takings[0].reward,
        order_id=redemption.order,
        status="redeemed",
        redeemed_at=to_datetime(redemption.decided_ms),
        amount=_amount(redemption),
        unit=redemption.unit,
        lots=_lots(redemption),
    )


def hold_response(redemption: Redemption) -> HoldResponse:
    """The body that describes a hold. One that was captured since is described as it was."""
    return HoldResponse(
        id=redemption.request,
        reward_id=redemption.takings[0].reward,
        order_id=redemption.order,
        status="held",
        held_until=to_datetime(redemption.until_ms or redemption.decided_ms),
        amount=_amount(redemption),
        unit=redemption.unit,
        lots=_lots(redemption),
    )


def change_response(result: ChangeResult) -> RedemptionChangeResponse:
    """The body that describes a capture, a release or a reversal."""
    return RedemptionChangeResponse(result.redemption, result.change, result.amount, to_datetime(result.decided_ms))


def balance_response(balance: UnitBalance) -> BalanceResponse:
    """The body that describes a person's credit in a unit."""
    lots = [
        BalanceLotResponse(lot.reward, lot.free, lot.held, optional_datetime(lot.expires_ms)) for lot in balance.lots
    ]
    return BalanceResponse(balance.unit, balance.free, balance.held, balance.debt, balance_in_words(balance), lots)


def _amount(redemption: Redemption) -> int | None:
    return sum(taking.amount for taking in redemption.takings) if redemption.unit else None


def _lots(redemption: Redemption) -> list[LotResponse]:
    return [LotResponse(taking.reward, taking.amount if redemption.unit else None) for taking in redemption.takings]


def _shown_code(account: Account, *, shows_code: bool) -> str | None:
    if account.code is None or account.status not in FULFILLED_STATUSES:
        return None
    return account.code if shows_code else mask_code(account.code)


def optional_datetime(milliseconds: int | None) -> datetime | None:
    """Returns milliseconds since the epoch as a datetime in UTC; None for None."""
    return to_datetime(milliseconds) if milliseconds is not None else None


def download_link(account: Account) -> str | None:
    """Returns a new link to the file of a reward, which works for 30 days; None if it has no file, or none yet."""
    if account.file is None or account.status not in FULFILLED_STATUSES:
        return None
    shared = context()
    token = dependencies().tokens.sign_guide(account.id, shared.clock.now_ms() + _DOWNLOAD_LINK_TTL_MS)
    return f"{shared.settings.wallet_url}/g/{token}"
