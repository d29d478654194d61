"""The life cycle of a reward: held, approved, fulfilled, delivered; revoked, restored, expired. `redemption` has the rest.

Each function takes an account and a line, and returns the transition that follows, or None if the line repeats what the account
already contains or came too late. Every line can therefore be applied twice without harm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, assert_never

from msgspec.structs import replace

from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    CodeRequested,
    CodeReturned,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFact,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardRevoked,
    handover_of,
)
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import GENERATED, OPEN, Account, new_account

RETRY_MS = 60_000
CodeGenerator = Callable[[str], str]  # the generated code of a reward id


@dataclass(frozen=True, slots=True)
class Transition:
    """The account after a line, and the output lines."""

    account: Account
    lines: tuple[RewardFact, ...] = ()


class _LineHeader(TypedDict):
    occurred_at: datetime
    program: str
    id: str
    beneficiary: str


def apply_grant(account: Account | None, grant: RewardGranted, generate_code: CodeGenerator) -> Transition | None:
    """A new reward, or a revoked one restored: it keeps its code and has a holding period of its own."""
    if account is not None and account.status != "revoked":
        return Transition(replace(account, clawback=False, revocation_reason=None)) if account.clawback else None
    opened = new_account(grant)
    if account is not None:
        opened = replace(opened, code=account.code, code_request=account.code_request)
    if opened.due_ms <= opened.granted_ms:
        return _end_holding_period(opened, grant.occurred_at, generate_code)
    return Transition(opened, (RewardHeld(**_header(opened, grant.occurred_at), reason="holding_period"),))


def apply_time(account: Account, now: datetime, generate_code: CodeGenerator) -> Transition | None:
    """Expires the reward, or otherwise ends its holding period, if the time for it has come."""
    now_ms = to_ms(now)
    if account.expires_ms is not None and now_ms >= account.expires_ms and account.status in OPEN:
        expired = replace(account, status="expired", hold_reason=None, changed_ms=now_ms)
        return Transition(expired, (RewardExpired(**_header(account, now)),))
    if account.hold_reason == "holding_period" and now_ms >= account.due_ms:
        return _end_holding_period(account, now, generate_code)
    if account.hold_reason == "file_missing":
        return _hand_over(account, now)
    return None


def next_timer(account: Account) -> int | None:
    """Returns when `apply_time` has to be called next (ms), or None if never."""
    if account.status not in OPEN:
        return None
    if account.hold_reason == "file_missing":
        return account.retry_ms
    return account.due_ms if account.hold_reason == "holding_period" else account.expires_ms


def apply_approval(account: Account, line: RewardApproved, generate_code: CodeGenerator) -> Transition | None:
    """Fulfils a reward that waits for an operator."""
    return fulfil(account, line.occurred_at, generate_code) if account.hold_reason == "manual" else None


def apply_revocation(account: Account, line: RewardRevoked) -> Transition | None:
    """Revokes the reward. One that was redeemed stays redeemed and is marked for clawback, once."""
    if account.status == "redeemed":
        opened = ClawbackOpened(**_header(account, line.occurred_at), reason=line.reason)
        marked = replace(account, clawback=True, revocation_reason=line.reason)
        return Transition(marked, () if account.clawback else (opened,))
    if account.status not in OPEN:
        return None
    at_ms = to_ms(line.occurred_at)
    return Transition(
        replace(account, status="revoked", hold_reason=None, revocation_reason=line.reason, changed_ms=at_ms)
    )


def apply_hold(account: Account, line: RewardHeld) -> Transition | None:
    """Queues the reward if the pool is empty. The other reasons are the ledger's own, and in the account already."""
    match line.reason:
        case "pool_empty":
            return _queue(account, line.occurred_at) if account.code_request == "asked" else None
        case "holding_period" | "file_missing" | "manual":
            return None
        case _:
            assert_never(line.reason)


def apply_code(account: Account, line: CodeIssued) -> Transition:
    """Hands over an issued code if the reward waits for it, stores it for later, or returns it if the reward needs none."""
    if account.code is not None or account.status not in OPEN:
        returned = CodeReturned(**_header(account, line.occurred_at), pool=line.pool, code=line.code)
        return Transition(replace(account, code_request=None), (returned,))
    with_code = replace(account, code=line.code, code_request=None)
    is_due = account.status == "approved" or account.hold_reason == "pool_empty"
    return _hand_over(with_code, line.occurred_at) if is_due else Transition(with_code)


def apply_fulfilment(account: Account, line: RewardFulfilled) -> Transition | None:
    """Takes code, file and time from the log: they are those of the beneficiary, even if key or files have changed since."""
    if handover_of(account.kind) == "file":
        return _apply_handed_over_file(account, line)
    if line.code is None or account.code in (None, line.code):
        return None
    return Transition(replace(account, code=line.code))


def withhold_missing_file(before: Account | None, transition: Transition, file: str | None, at: datetime) -> Transition:
    """Hands over `file`, or holds a reward that would be fulfilled if there is none (None), and tries again in a minute."""
    account = transition.account
    if file is not None:
        lines = tuple(
            replace(line, file=file) if isinstance(line, RewardFulfilled) else line for line in transition.lines
        )
        return Transition(replace(account, pool=file, file=file), lines)
    held = replace(
        account,
        status="held",
        hold_reason="file_missing",
        file=None,
        fulfilled_ms=None,
        retry_ms=to_ms(at) + RETRY_MS,
    )
    if before is not None and before.hold_reason == "file_missing":
        return Transition(replace(held, changed_ms=before.changed_ms))
    return Transition(held, (RewardHeld(**_header(account, at), reason="file_missing"),))


def apply_delivery(account: Account, line: RewardDelivered) -> Transition | None:
    """Marks a fulfilled reward as delivered."""
    if account.status != "fulfilled":
        return None
    return Transition(replace(account, status="delivered", changed_ms=to_ms(line.occurred_at)))


def fulfil(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """Hands the reward over, or requests a code if one has to come from an uploaded pool."""
    if account.code is not None or handover_of(account.kind) != "code":
        return _hand_over(account, at)
    if account.pool in (None, GENERATED):
        return _hand_over(replace(account, code=generate_code(account.id)), at)
    return _request_code(account, at, account.pool)


def _end_holding_period(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    if not account.manual:
        return fulfil(account, at, generate_code)
    waiting = replace(account, hold_reason="manual", changed_ms=to_ms(at))
    return Transition(waiting, (RewardHeld(**_header(account, at), reason="manual"),))


def _request_code(account: Account, at: datetime, pool: str) -> Transition:
    """Requests a code unless a request is open: a reward has at most one, however often it is revoked and restored."""
    approved = replace(account, status="approved", hold_reason=None, changed_ms=to_ms(at))
    if account.code_request == "queued":
        return Transition(replace(approved, status="held", hold_reason="pool_empty"))
    if account.code_request == "asked":
        return Transition(approved)
    request = CodeRequested(**_header(account, at), pool=pool, kind=account.kind)
    return Transition(replace(approved, code_request="asked"), (RewardApproved(**_header(account, at)), request))


def _queue(account: Account, at: datetime) -> Transition:
    queued = replace(account, code_request="queued")
    if account.status == "approved":
        queued = replace(queued, status="held", hold_reason="pool_empty", changed_ms=to_ms(at))
    return Transition(queued)


def _hand_over(account: Account, at: datetime) -> Transition:
    at_ms = to_ms(at)
    file = account.pool if handover_of(account.kind) == "file" else None
    fulfilled = replace(
        account,
        status="fulfilled",
        hold_reason=None,
        file=file,
        fulfilled_ms=at_ms,
        changed_ms=at_ms,
        retry_ms=None,
    )
    line = RewardFulfilled(**_header(account, at), kind=account.kind, code=account.code, file=file)
    return Transition(fulfilled, (line,))


def _apply_handed_over_file(account: Account, line: RewardFulfilled) -> Transition | None:
    at_ms = to_ms(line.occurred_at)
    if line.file is None or account.status not in ("held", "fulfilled") or account.fulfilled_ms == at_ms:
        return None
    if account.hold_reason not in (None, "file_missing"):
        return None
    handed_over = _hand_over(replace(account, pool=line.file), line.occurred_at)
    return Transition(handed_over.account)


def _header(account: Account, at: datetime) -> _LineHeader:
    return {"occurred_at": at, "program": account.program, "id": account.id, "beneficiary": account.beneficiary}
