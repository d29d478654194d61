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
from reward_dispatcher.domain.account import GENERATED, USABLE, Account, opened

Mint = Callable[[str], str]  # the pattern code of a reward id


@dataclass(frozen=True, slots=True)
class Step:
    """The account from now on, and the news."""

    account: Account
    news: tuple[RewardFact, ...] = ()


class _About(TypedDict):
    occurred_at: datetime
    program: str
    id: str
    beneficiary: str


def granted(account: Account | None, grant: RewardGranted, mint: Mint) -> Step | None:
    """A new reward, or a revoked one restored: with the code it had, and a holding period of its own."""
    if account is not None and account.status != "revoked":
        return Step(replace(account, clawback=False, revoked=None)) if account.clawback else None
    fresh = opened(grant)
    if account is not None:
        fresh = replace(fresh, code=account.code, waits=account.waits)
    if fresh.due_ms <= fresh.granted_ms:
        return _release(fresh, grant.occurred_at, mint)
    return Step(fresh, (RewardHeld(**_about(fresh, grant.occurred_at), reason="holding_period"),))


def due(account: Account, now: datetime, mint: Mint) -> Step | None:
    """What the time leads to: the end of use, else the end of the holding period."""
    now_ms = to_ms(now)
    if account.expires_ms is not None and now_ms >= account.expires_ms and account.status in _ALIVE:
        expired = replace(account, status="expired", hold=None, changed_ms=now_ms)
        return Step(expired, (RewardExpired(**_about(account, now)),))
    if account.hold == "holding_period" and now_ms >= account.due_ms:
        return _release(account, now, mint)
    return None


def timer(account: Account) -> int | None:
    """When time changes this reward next (ms), if it ever does."""
    if account.status not in _ALIVE:
        return None
    return account.due_ms if account.hold == "holding_period" else account.expires_ms


def approved(account: Account, line: RewardApproved, mint: Mint) -> Step | None:
    """Somebody did, or lets through, what waits for a person."""
    return fulfilled(account, line.occurred_at, mint) if account.hold == "manual" else None


def revoked(account: Account, line: RewardRevoked) -> Step | None:
    """Taken back; what was used already stays used and is marked for clawback."""
    if account.status == "redeemed":
        return Step(replace(account, clawback=True, revoked=line.reason))
    if account.status not in _ALIVE:
        return None
    at_ms = to_ms(line.occurred_at)
    return Step(replace(account, status="revoked", hold=None, revoked=line.reason, changed_ms=at_ms))


def queued(account: Account, line: RewardHeld) -> Step | None:
    """The pool had no code left: the reward waits in its line."""
    if line.reason != "pool_empty" or account.waits != "asked":
        return None
    waiting = replace(account, waits="queued")
    if account.status == "approved":
        waiting = replace(waiting, status="held", hold="pool_empty", changed_ms=to_ms(line.occurred_at))
    return Step(waiting)


def issued(account: Account, line: CodeIssued) -> Step:
    """A code came: given at once where the reward waits for it, kept for later, or handed back if it is of no use."""
    if account.code is not None or account.status not in _ALIVE:
        back = CodeReturned(**_about(account, line.occurred_at), pool=line.pool, code=line.code)
        return Step(replace(account, waits=None), (back,))
    kept = replace(account, code=line.code, waits=None)
    waited = account.status == "approved" or account.hold == "pool_empty"
    return _give(kept, line.occurred_at) if waited else Step(kept)


def told(account: Account, line: RewardFulfilled) -> Step | None:
    """What the beneficiary was told stays true, even if the signing key has changed and would make another code."""
    if line.code is None or account.code in (None, line.code):
        return None
    return Step(replace(account, code=line.code))


def delivered(account: Account, line: RewardDelivered) -> Step | None:
    """The beneficiary's platform was told."""
    if account.status != "fulfilled":
        return None
    return Step(replace(account, status="delivered", changed_ms=to_ms(line.occurred_at)))


def fulfilled(account: Account, at: datetime, mint: Mint) -> Step:
    """Given, or a code asked for where a pool has to give one."""
    if account.kind != "discount_code" or account.code is not None:
        return _give(account, at)
    if account.pool in (None, GENERATED):
        return _give(replace(account, code=mint(account.id)), at)
    return _ask(account, at, account.pool)


_ALIVE = USABLE | {"held", "approved"}


def _release(account: Account, at: datetime, mint: Mint) -> Step:
    """The holding period is over."""
    if not account.manual:
        return fulfilled(account, at, mint)
    waiting = replace(account, hold="manual", changed_ms=to_ms(at))
    return Step(waiting, (RewardHeld(**_about(account, at), reason="manual"),))


def _ask(account: Account, at: datetime, pool: str) -> Step:
    """At most one request of a reward is under way, whatever is revoked and restored meanwhile."""
    asked = replace(account, status="approved", hold=None, changed_ms=to_ms(at))
    if account.waits == "queued":
        return Step(replace(asked, status="held", hold="pool_empty"))
    if account.waits == "asked":
        return Step(asked)
    request = CodeRequested(**_about(account, at), pool=pool, kind=account.kind)
    return Step(replace(asked, waits="asked"), (RewardApproved(**_about(account, at)), request))


def _give(account: Account, at: datetime) -> Step:
    at_ms = to_ms(at)
    file = account.pool if account.kind in ("guide", "exclusive_content") else None
    given = replace(account, status="fulfilled", hold=None, file=file, fulfilled_ms=at_ms, changed_ms=at_ms)
    return Step(given, (RewardFulfilled(**_about(account, at), kind=account.kind, code=account.code, file=file),))


def _about(account: Account, at: datetime) -> _About:
    return {"occurred_at": at, "program": account.program, "id": account.id, "beneficiary": account.beneficiary}
