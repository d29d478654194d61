"""The life of a reward by itself: held, approved, fulfilled, delivered; revoked, granted again, expired.

`operator_actions` has what a person decides, `redemption` the use of a reward.

Each function takes an account and a line, and returns the transition that follows, or None if the line repeats what the account
already contains or came too late. Every line can therefore be applied twice without harm.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.code_formats import CodeFormat
from referral.events.money import Value
from referral.events.pools import CodeRequested, CodeReturned
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    KeyedReward,
    RevocationReason,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardRevoked,
    handover_of,
)
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import GENERATED, OPEN, Account, new_account
from reward_dispatcher.domain.balance import consumed, settle
from reward_dispatcher.domain.redemption_changes import end_holds

RETRY_MS = 60_000
CodeGenerator = Callable[
    [str, str, CodeFormat | None], str
]  # the generated code of a key (its id), a reward id and a form


AccountOutput = KeyedReward | CodeRequested | CodeReturned


class Transition(Struct, frozen=True):
    """The account after a line, and the output lines."""

    account: Account
    lines: tuple[AccountOutput, ...] = ()


class _LineHeader(TypedDict):
    occurred_at: datetime
    program: str
    id: str
    beneficiary: str


def apply_grant(account: Account | None, grant: RewardGranted, generate_code: CodeGenerator) -> Transition | None:
    """A new reward, or a revoked one granted again: it keeps its code and has a holding period of its own.

    What an operator has revoked stays revoked, and what an operator holds stays held.
    """
    if account is not None and account.status != "revoked":
        return end_clawback(account, grant)
    if account is not None and account.revocation_reason == "operator":
        return None
    opened = new_account(grant) if account is None else _reopen(account, grant)
    if opened.on_hold:
        return Transition(opened, (RewardHeld(**header(opened, grant.occurred_at), reason="operator"),))
    if opened.due_ms <= opened.granted_ms:
        return end_holding_period(opened, grant.occurred_at, generate_code)
    return Transition(opened, (RewardHeld(**header(opened, grant.occurred_at), reason="holding_period"),))


def _is_over(account: Account, now_ms: int) -> bool:
    return account.expires_ms is not None and now_ms >= account.expires_ms and account.status in OPEN


def _reopen(account: Account, grant: RewardGranted) -> Account:
    opened = new_account(grant)
    return replace(
        opened,
        code=account.code,
        code_key=grant.code_key if account.code is None else account.code_key,
        code_format=grant.code_format if account.code is None else account.code_format,
        code_request=account.code_request,
        hold_reason="operator" if account.on_hold else opened.hold_reason,
        on_hold=account.on_hold,
        steps=account.steps,
        uses=account.uses,
        absorbed=account.absorbed,
        repaid=account.repaid,
    )


def end_clawback(account: Account, grant: RewardGranted) -> Transition | None:
    """A used reward is owed again: it is not reclaimed, unless an operator has decided so."""
    if not account.clawback or account.revocation_reason == "operator":
        return None
    at_ms = to_ms(grant.occurred_at)
    value = grant.value or account.value
    owed = replace(account, clawback=False, revocation_reason=None, changed_ms=at_ms, value=value)
    return Transition(settle(owed, at_ms))


def stop(account: Account | None, grant: RewardGranted, budget: str) -> Transition:
    """A granted reward that waits for a budget: until then it neither ends its holding period nor expires."""
    opened = replace(new_account(grant) if account is None else _reopen(account, grant), budget=budget)
    return wait_for_budget(opened, grant.occurred_at)


def wait_for_budget(account: Account, at: datetime) -> Transition:
    """Holds a reward until its budget has enough; one that an operator holds stays so, and waits behind it."""
    if account.on_hold:
        stopped = replace(account, status="held", hold_reason="operator")
        return Transition(stopped, (RewardHeld(**header(account, at), reason="operator"),))
    held = replace(account, status="held", hold_reason="budget")
    return Transition(held, (RewardHeld(**header(account, at), reason="budget", budget=account.budget),))


def wait_for_next_budget(account: Account, budget: str, at: datetime) -> Transition | None:
    """Names the budget that a reward waits for once the one before has enough; None if it waits for that one, or for none."""
    if account.budget in (None, budget):
        return None
    waiting = replace(account, budget=budget)
    return wait_for_budget(waiting, at) if account.hold_reason == "budget" else Transition(waiting)


def release(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition | None:
    """Goes on with a reward whose budgets have enough: its days of use begin now if its holding period is over."""
    if account.budget is None:
        return None
    paid, at_ms = replace(account, budget=None), to_ms(at)
    if account.hold_reason != "budget":
        return Transition(paid)
    if at_ms < account.due_ms:
        held = replace(paid, hold_reason="holding_period", changed_ms=at_ms)
        return Transition(held, (RewardHeld(**header(held, at), reason="holding_period"),))
    expires_ms = None if account.expires_ms is None else account.expires_ms + at_ms - account.due_ms
    return end_holding_period(replace(paid, due_ms=at_ms, expires_ms=expires_ms), at, generate_code)


def apply_time(account: Account, now: datetime, generate_code: CodeGenerator) -> Transition | None:
    """Expires the reward, or otherwise ends its holding period, if the time for it has come."""
    now_ms = to_ms(now)
    if account.uses:
        after, lines = end_holds(account, now, "expired", all_of_them=False)
        if lines:
            return Transition(after, tuple(lines))
    if _is_over(account, now_ms):
        expired = replace(account, status="expired", hold_reason=None, changed_ms=now_ms)
        return Transition(expired, (RewardExpired(**header(account, now)),))
    if account.hold_reason == "holding_period" and now_ms >= account.due_ms:
        return end_holding_period(account, now, generate_code)
    if account.hold_reason == "file_missing":
        return _hand_over(account, now)
    return None


def next_timer(account: Account) -> int | None:
    """Returns when `apply_time` has to be called next (ms), or None if never. A reward expires once its holds have ended."""
    if account.status not in OPEN or account.hold_reason == "budget":
        return None
    ends = [use.until_ms for use in account.uses if use.until_ms is not None]
    if ends:
        return min(ends)
    if account.hold_reason == "file_missing":
        return account.retry_ms
    return account.due_ms if account.hold_reason == "holding_period" else account.expires_ms


def apply_revocation(account: Account, line: RewardRevoked) -> Transition | None:
    """Revokes the reward; a line with the reason `operator` is the ledger's own."""
    return None if line.reason == "operator" else revoke(account, line.occurred_at, line.reason)


def revoke(account: Account, at: datetime, reason: RevocationReason) -> Transition | None:
    """Takes back what is unused, and ends the holds. What was used stays used, and is marked for clawback, once."""
    if account.clawback or account.status == "revoked":
        return None
    if account.status == "expired" and not consumed(account):
        return None
    ended, released = end_holds(account, at, "revoked", all_of_them=True)
    revoked = replace(ended, hold_reason=None, budget=None, revocation_reason=reason, changed_ms=to_ms(at))
    if not consumed(account):
        return Transition(replace(revoked, status="revoked"), tuple(released))
    opened = ClawbackOpened(**header(account, at), reason=reason)
    return Transition(replace(revoked, status="redeemed", clawback=True), (*released, opened))


def set_value(account: Account, value: Value, at: datetime) -> Transition | None:
    """From now on the reward is worth `value`, since the order that it is for was refunded in part, or is valid again."""
    if account.value == value:
        return None
    return Transition(settle(replace(account, value=value), to_ms(at)))


def apply_hold(account: Account, line: RewardHeld) -> Transition | None:
    """Queues the reward if the pool is empty. The other reasons are the ledger's own, and in the account already."""
    match line.reason:
        case "pool_empty":
            return _queue(account, line.occurred_at) if account.code_request == "asked" else None
        case "holding_period" | "file_missing" | "manual" | "operator" | "budget":
            return None
        case _:
            assert_never(line.reason)


def apply_code(account: Account, line: CodeIssued) -> Transition:
    """Hands over an issued code if the reward waits for it, stores it for later, or returns it if the reward needs none."""
    if account.code is not None or account.status not in OPEN:
        returned = CodeReturned(
            **header(account, line.occurred_at),
            pool=line.pool,
            segment=line.segment,
            offset=line.offset,
            code=line.code,
        )
        return Transition(replace(account, code_request=None), (returned,))
    with_code = replace(account, code=line.code, code_request=None)
    is_due = account.status == "approved" or account.hold_reason == "pool_empty"
    return _hand_over(with_code, line.occurred_at) if is_due else Transition(with_code)


def apply_fulfilment(account: Account, line: RewardFulfilled) -> Transition | None:
    """Takes code, file and time from the log: they are those of the beneficiary, even if the files have changed since."""
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
    others = tuple(line for line in transition.lines if not isinstance(line, RewardFulfilled))
    return Transition(held, (*others, RewardHeld(**header(account, at), reason="file_missing")))


def apply_delivery(account: Account, line: RewardDelivered) -> Transition | None:
    """Marks a fulfilled reward as delivered; one that an operator holds is delivered once it is released."""
    at_ms = to_ms(line.occurred_at)
    if account.hold_reason == "operator" and account.fulfilled_ms is not None and account.delivered_ms is None:
        return Transition(replace(account, delivered_ms=at_ms))
    if account.status != "fulfilled":
        return None
    return Transition(replace(account, status="delivered", delivered_ms=at_ms, changed_ms=at_ms))


def fulfil(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """Hands the reward over, or requests a code if one has to come from an uploaded pool."""
    if account.code is not None or handover_of(account.kind) != "code":
        return _hand_over(account, at)
    if account.pool in (None, GENERATED):  # a grant from before `code_key` has a code of the oldest key
        return _hand_over(account, at, generate_code(account.code_key or "", account.id, account.code_format))
    return _request_code(account, at, account.pool)


def end_holding_period(account: Account, at: datetime, generate_code: CodeGenerator) -> Transition:
    """Fulfils the reward, or makes it a task of an operator if its rule says so."""
    if not account.manual:
        return fulfil(account, at, generate_code)
    waiting = replace(account, status="held", hold_reason="manual", changed_ms=to_ms(at))
    return Transition(waiting, (RewardHeld(**header(account, at), reason="manual"),))


def _request_code(account: Account, at: datetime, pool: str) -> Transition:
    """Requests a code unless a request is open: a reward has at most one, however often it is revoked and restored."""
    approved = replace(account, status="approved", hold_reason=None, changed_ms=to_ms(at))
    if account.code_request == "queued":
        return Transition(replace(approved, status="held", hold_reason="pool_empty"))
    if account.code_request == "asked":
        return Transition(approved)
    request = CodeRequested(**header(account, at), pool=pool, kind=account.kind)
    return Transition(replace(approved, code_request="asked"), (RewardApproved(**header(account, at)), request))


def _queue(account: Account, at: datetime) -> Transition:
    queued = replace(account, code_request="queued")
    if account.status == "approved":
        queued = replace(queued, status="held", hold_reason="pool_empty", changed_ms=to_ms(at))
    return Transition(queued)


def _hand_over(account: Account, at: datetime, new_code: str | None = None) -> Transition:
    """Fulfils the reward, with a code that was generated for it now or with the code that it has."""
    at_ms, code, code_key = to_ms(at), new_code or account.code, account.code_key
    file = account.pool if handover_of(account.kind) == "file" else None
    fulfilled = replace(
        account,
        status="fulfilled",
        hold_reason=None,
        code=code,
        file=file,
        fulfilled_ms=at_ms,
        changed_ms=at_ms,
        retry_ms=None,
    )
    line = RewardFulfilled(
        occurred_at=at,
        program=account.program,
        id=account.id,
        beneficiary=account.beneficiary,
        kind=account.kind,
        code=code if code_key is None else None,
        code_key=code_key,
        code_format=account.code_format,
        file=file,
        value=account.value,
    )
    return Transition(settle(fulfilled, at_ms) if account.uses else fulfilled, (line,))


def _apply_handed_over_file(account: Account, line: RewardFulfilled) -> Transition | None:
    at_ms = to_ms(line.occurred_at)
    if line.file is None or account.status not in ("held", "fulfilled") or account.fulfilled_ms == at_ms:
        return None
    if account.hold_reason not in (None, "file_missing"):
        return None
    handed_over = _hand_over(replace(account, pool=line.file), line.occurred_at)
    return Transition(handed_over.account)


def header(account: Account, at: datetime) -> _LineHeader:
    """Returns the fields that every line about the reward has."""
    return {"occurred_at": at, "program": account.program, "id": account.id, "beneficiary": account.beneficiary}
