"""What becomes of a reward: held, approved, fulfilled, delivered; revoked, restored, expired. Redeeming is next door.

Every function takes the account and what happened, and gives the step that follows, or None where nothing does: for
news of what is so already, and for news that came too late. That makes every line harmless when it comes twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from msgspec.structs import replace

from referral.events.rewards import (
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
)
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import GENERATED, USABLE, Account, new_account

CodeGenerator = Callable[[str], str]  # the pattern code of a reward id


@dataclass(frozen=True, slots=True)
class Transition:
    """The account from now on, and the news."""

    account: Account
    lines: tuple[RewardFact, ...] = ()


class _LineHeader(TypedDict):
    occurred_at: datetime
    program: str
    id: str
    beneficiary: str


def apply_grant(account: Account | None, grant: RewardGranted, generate_code: CodeGenerator) -> Transition | None:
    """A new reward, or a revoked one restored: with the code it had, and a holding period of its own."""
    if account is not None and account.status != "revoked":
        return Transition(replace(account, clawback=False, revocation_reason=None)) if account.clawback else None
    opened = new_account(grant)
    if account is not None:
        opened = replace(opened, code=account.code, code_request=account.code_request)
    if opened.due_ms <= opened.granted_ms:
        return _end_holding_period(opened, grant.occurred_at, generate_code)
    return Transition(opened, (RewardHeld(**_header(opened, grant.occurred_at), reason="holding_period"),))


def apply_time(account: Account, now: datetime, generate_code: CodeGenerator) -> Transition | None:
    """What the time leads to: the end of use, else the end of the holding period."""
    now_ms = to_ms(now)
    if account.expires_ms is not None and now_ms >= account.expires_ms and account.status in OPEN:
        expired = replace(account, status="expired", hold_reason=None, changed_ms=now_ms)
        return Transition(expired, (RewardExpired(**_header(account, now)),))
    if account.hold_reason == "holding_period" and now_ms >= account.due_ms:
        return _end_holding_period(account, now, generate_code)
    return None


def next_timer(account: Account) -> int | None:
    """When time changes this reward next (ms), if it ever does."""
    if account.status not in OPEN:
        return None
    return account.due_ms if account.hold_reason == "holding_period" else account.expires_ms


def apply_approval(account: Account, line: RewardApproved, generate_code: CodeGenerator) -> Transition | None:
    """Somebody did, or lets through, what waits for a person."""
    return fulfil(account, line.occurred_at, generate_code) if account.hold_reason == "manual" else None


def apply_revocation(account: Account, line: RewardRevoked) -> Transition | None:
    """Taken back; what was used already stays used and is marked for clawback."""
    if account.status == "redeemed":
        return Transition(replace(account, clawback=True, revocation_reason=line.reason))
    if account.status not in OPEN:
        return None
    at_ms = to_ms(line.occurred_at)
    return Transition(
        replace(account, status="revoked", hold_reason=None, revocation_reason=line.reason, changed_ms=at_ms)
    )


def apply_hold(account: Account, line: RewardHeld) -> Transition | None:
    """The pool had no code left: the reward waits in its line."""
    if line.reason != "pool_empty" or account.code_request != "asked":
        return None
    queued = replace(account, code_request="queued")
    if account.status == "approved":
        queued = replace(queued, status="held", hold_reason="pool_empty", changed_ms=to_ms(line.occurred_at))
    return Transition(queued)


def apply_code(account: Account, line: CodeIssued) -> Transition:
    """A code came: given at once where the reward waits for it, kept for later, or handed back if it is of no use."""
    if account.code is not None or account.status not in OPEN:
        back = CodeReturned(**_header(account, line.occurred_at), pool=line.pool, code=line.code)
        return Transition(replace(account, code_request=None), (back,))
    kept = replace(account, code=line.code, code_request=None)
    waited = account.status == "approved" or account.hold_reason == "pool_empty"
    return _hand_over(kept, line.occurred_at) if waited else Transition(kept)


def apply_fulfilment(account: Account, line: RewardFulfilled) -> Transition | None:
    """What the beneficiary was told stays true, even if the signing key has changed and would make another code."""
    if line.code is None or account.code in (None, line.code):
        return None
    return Transition(replace(account, code=line.code))


def apply_delivery(account: Account, line: RewardDelivered) -> Transition | None:
    """The beneficiary's platform was told."""
    if account.status != "fulfilled":
        return None
    return Transition(replace(account, status="delivered", changed_ms=to_ms(line.occurred_at)))


def fulfil(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """Given, or a code asked for where a pool has to give one."""
    if account.kind != "discount_code" or account.code is not None:
        return _hand_over(account, at)
    if account.pool in (None, GENERATED):
        return _hand_over(replace(account, code=generate_code(account.id)), at)
    return _request_code(account, at, account.pool)


OPEN = USABLE | {"held", "approved"}


def _end_holding_period(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """The holding period is over."""
    if not account.manual:
        return fulfil(account, at, generate_code)
    waiting = replace(account, hold_reason="manual", changed_ms=to_ms(at))
    return Transition(waiting, (RewardHeld(**_header(account, at), reason="manual"),))


def _request_code(account: Account, at: datetime, pool: str) -> Transition:
    """At most one request of a reward is under way, whatever is revoked and restored meanwhile."""
    asked = replace(account, status="approved", hold_reason=None, changed_ms=to_ms(at))
    if account.code_request == "queued":
        return Transition(replace(asked, status="held", hold_reason="pool_empty"))
    if account.code_request == "asked":
        return Transition(asked)
    request = CodeRequested(**_header(account, at), pool=pool, kind=account.kind)
    return Transition(replace(asked, code_request="asked"), (RewardApproved(**_header(account, at)), request))


def _hand_over(account: Account, at: datetime) -> Transition:
    at_ms = to_ms(at)
    file = account.pool if account.kind in ("guide", "exclusive_content") else None
    given = replace(account, status="fulfilled", hold_reason=None, file=file, fulfilled_ms=at_ms, changed_ms=at_ms)
    return Transition(
        given, (RewardFulfilled(**_header(account, at), kind=account.kind, code=account.code, file=file),)
    )


def _header(account: Account, at: datetime) -> _LineHeader:
    return {"occurred_at": at, "program": account.program, "id": account.id, "beneficiary": account.beneficiary}
