"""The account: the ledger's state of one reward."""

from typing import Literal

from msgspec import Struct

from referral.events.rewards import HoldReason, RevocationReason, RewardGranted, RewardKind, Role
from referral.events.timestamps import to_ms

Status = Literal["held", "approved", "fulfilled", "delivered", "redeemed", "revoked", "expired"]
STATUSES: tuple[Status, ...] = ("held", "approved", "fulfilled", "delivered", "redeemed", "revoked", "expired")
OPEN: frozenset[Status] = frozenset(
    {"held", "approved", "fulfilled", "delivered"}
)  # can still be revoked and can still expire
GENERATED = "generated"  # the pool of rules with codes that this service generates


class Account(Struct, frozen=True, array_like=True, tag="account"):
    """The whole state of a reward. Times are milliseconds since the epoch.

    `code_request` is the state of its request for a code: `asked` until the pool responds, `queued` while the pool is empty.
    `retry_ms` is when a reward whose file is missing is tried again. `clawback` marks a reward that was redeemed and revoked
    afterwards: an operator has to decide about the money.
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


def new_account(grant: RewardGranted) -> Account:
    """Returns the account of a newly granted reward, held until its holding period ends."""
    granted_ms = to_ms(grant.occurred_at)
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
        due_ms=to_ms(grant.due_at),
        changed_ms=granted_ms,
        status="held",
        hold_reason="holding_period",
        expires_ms=to_ms(grant.expires_at) if grant.expires_at else None,
        pool=grant.pool,
        percent=grant.percent,
        worth=grant.worth,
        manual=grant.manual,
    )
