"""From the ledger's states to the resources of the API."""

from datetime import datetime

from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.http_api.dependencies import dependencies

_LINK_LASTS_MS = 30 * DAY_MS
FULFILLED_STATUSES = ("fulfilled", "delivered", "redeemed")


def reward(account: Account) -> dict[str, object]:
    """A RewardOut."""
    return {
        "id": account.id,
        "program": account.program,
        "beneficiary": account.beneficiary,
        "rule": account.rule,
        "kind": account.kind,
        "role": account.role,
        "version": account.version,
        "trigger": account.trigger,
        "status": account.status,
        "waits_for": account.hold_reason,
        "code": account.code if account.status in FULFILLED_STATUSES else None,
        "percent": account.percent,
        "worth": account.worth,
        "download": _download(account),
        "granted_at": to_datetime(account.granted_ms),
        "due_at": to_datetime(account.due_ms),
        "expires_at": optional_datetime(account.expires_ms),
        "fulfilled_at": optional_datetime(account.fulfilled_ms),
        "redeemed_at": optional_datetime(account.redeemed_ms),
        "order_id": account.order,
        "revoked_for": account.revocation_reason,
        "clawback": account.clawback,
    }


def redemption(done: Redemption) -> dict[str, object]:
    """A RedemptionOut."""
    return {
        "id": done.request,
        "reward_id": done.reward,
        "order_id": done.order,
        "status": "redeemed",
        "redeemed_at": to_datetime(done.decided_ms),
    }


def optional_datetime(milliseconds: int | None) -> datetime | None:
    """A moment that may not have come."""
    return to_datetime(milliseconds) if milliseconds is not None else None


def _download(account: Account) -> str | None:
    if account.file is None or account.status not in FULFILLED_STATUSES:
        return None
    shared = context()
    token = dependencies().tokens.sign_expiring("guide", account.id, shared.clock.now_ms() + _LINK_LASTS_MS)
    return f"{shared.settings.wallet_url}/g/{token}"
