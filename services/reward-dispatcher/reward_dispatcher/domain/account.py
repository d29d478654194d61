"""The account: the ledger's state of one reward."""

from typing import Literal

from msgspec import Struct

from referral.events.code_formats import CodeFormat
from referral.events.money import Value
from referral.events.rewards import (
    HoldReason,
    LifeState,
    RevocationReason,
    RewardAction,
    RewardGranted,
    RewardKind,
    Role,
)
from referral.events.timestamps import to_ms

Status = Literal["held", "approved", "fulfilled", "delivered", "redeemed", "revoked", "expired"]
STATUSES: tuple[Status, ...] = ("held", "approved", "fulfilled", "delivered", "redeemed", "revoked", "expired")
OPEN: frozenset[Status] = frozenset(
    {"held", "approved", "fulfilled", "delivered"}
)  # can still be revoked and can still expire
GENERATED = "generated"  # the pool of rules with codes that this service generates


class Step(Struct, frozen=True, array_like=True):
    """A step in a reward's life: the state that it reached, when (ms), and why; `by` and what follows are an operator's."""

    state: LifeState | Literal["granted", "released", "restored"]
    at_ms: int
    reason: RevocationReason | None = None
    order: str | None = None
    action: RewardAction | None = None
    by: str | None = None
    note: str | None = None
    api_key: str | None = None


class OrderRefund(Struct, frozen=True, array_like=True):
    """A refund of the order of a use: its id at the shop, and its share of what was paid for the order, in the same minor unit."""

    id: str
    part: int
    whole: int


class Use(Struct, frozen=True, array_like=True):
    """A use of a reward, or a hold of it until `until_ms`: how much (1: the whole reward), for which order, how much came back.

    Refunds add up: the returned amount follows from all of them, so that the parts of an order return exactly the whole.
    """

    request: str
    order: str
    amount: int
    at_ms: int
    until_ms: int | None = None
    returned: int = 0
    refunds: tuple[OrderRefund, ...] = ()


class Account(Struct, frozen=True, array_like=True, tag="account"):
    """The whole state of a reward. Times are milliseconds since the epoch.

    `code_key` is the id of the key of a generated code, `code_format` its form; None for a code of an uploaded pool.
    `code_request` is the state of its request for a code: `asked` until the pool responds, `queued` while the pool is empty.
    `retry_ms` is when a reward whose file is missing is tried again. `clawback` marks a reward that was redeemed and revoked
    afterwards: an operator has to decide about the money. `on_hold`: an operator holds it; the mark outlives a revocation, so that
    no new grant ends the hold. `steps` are empty for a plain life, which follows from the times (`life_history`).
    `uses` are those of a redemption each; `order`, `request` and `redeemed_ms` are of the one that closed the reward. `absorbed` is
    what a credit has paid for debt, `repaid` what credit has paid for the debt of this reward (`balance`). `budget` is the one
    that the reward waits for.
    """

    program: str
    id: str
    beneficiary: str
    rule: str
    kind: RewardKind
    role: Role
    version: int
    trigger: str
    granted_ms: int
    due_ms: int
    changed_ms: int
    status: Status
    hold_reason: HoldReason | None = None
    expires_ms: int | None = None
    pool: str | None = None
    code_key: str | None = None
    percent: int | None = None
    worth: str | None = None
    manual: bool = False
    code_request: Literal["asked", "queued"] | None = None
    code: str | None = None
    file: str | None = None
    fulfilled_ms: int | None = None
    order: str | None = None
    request: str | None = None
    redeemed_ms: int | None = None
    revocation_reason: RevocationReason | None = None
    clawback: bool = False
    retry_ms: int | None = None
    delivered_ms: int | None = None
    on_hold: bool = False
    steps: tuple[Step, ...] = ()
    value: Value | None = None
    smallest_use: int | None = None
    uses: tuple[Use, ...] = ()
    absorbed: int = 0
    repaid: int = 0
    budget: str | None = None
    code_format: CodeFormat | None = None


def new_account(grant: RewardGranted) -> Account:
    """Returns the account of a newly granted reward, held until its holding period ends."""
    granted_ms = to_ms(grant.occurred_at)
    due_at, expires_at = grant.due_at, grant.expires_at
    return Account(
        program=grant.program,
        id=grant.id,
        beneficiary=grant.beneficiary,
        rule=grant.rule,
        kind=grant.kind,
        role=grant.role,
        version=grant.version,
        trigger=grant.trigger,
        granted_ms=granted_ms,
        due_ms=granted_ms if due_at is None else to_ms(due_at),
        changed_ms=granted_ms,
        status="held",
        hold_reason="holding_period",
        expires_ms=None if expires_at is None else to_ms(expires_at),
        pool=grant.pool,
        code_key=grant.code_key,
        percent=grant.percent,
        worth=grant.worth,
        manual=grant.manual,
        value=grant.value,
        smallest_use=grant.smallest_use,
        code_format=grant.code_format,
    )
