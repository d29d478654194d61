"""Response bodies of this API, and how they follow from the ledger's state and the catalog."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from referral.events.entities import Webhook
from referral.events.rewards import HoldReason, RefusalReason, RevocationReason, RewardKind, Role
from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.program_file.supply import SupplyProblemCode
from reward_dispatcher.domain.account import Account, Status
from reward_dispatcher.domain.discount_codes import mask_code
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.webhook_status import WebhookStatus

_DOWNLOAD_LINK_TTL_MS = 30 * DAY_MS
FULFILLED_STATUSES = ("fulfilled", "delivered", "redeemed")


class RewardResponse(Struct):
    """A reward and its status."""

    id: Annotated[str, Meta(examples=["rwd_0123456789abcdef"])]
    program: str
    beneficiary: Annotated[str, Meta(description="the platform's own id of a person")]
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


class RedemptionResponse(Struct):
    """A redemption that succeeded."""

    id: Annotated[str, Meta(examples=["rdm_0123456789abcdef"])]
    reward_id: str
    order_id: str
    status: Literal["redeemed"]
    redeemed_at: Timestamp


class CodeResponse(Struct):
    """Whether a code can be used now. The request itself does not use it."""

    code: str | None
    valid: bool
    reason: Annotated[RefusalReason | None, Meta(description="why not; null if it is valid")]
    reward_id: str
    program: str
    kind: RewardKind
    percent: int | None
    expires_at: Timestamp | None
    order_id: Annotated[str | None, Meta(description="the order it was used for")]


class PoolUploadResponse(Struct):
    """What was added to the pool, and what it contains now."""

    accepted: Annotated[int, Meta(description="codes that the pool did not have")]
    duplicates: Annotated[int, Meta(description="codes that the pool had already")]
    total: Annotated[int, Meta(description="codes uploaded to the pool so far")]
    warning: Annotated[
        str | UnsetType, Meta(description="only if no reward rule names the pool: its codes are never issued")
    ] = UNSET


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


class WebhookResponse(Struct):
    """A webhook, and how its deliveries go. Times and reason of the last 30 days."""

    id: str
    program: str
    url: str
    events: Annotated[list[str], Meta(description="empty: all of them")]
    last_success_at: Annotated[Timestamp | None, Meta(description="when it last accepted a message")]
    last_failure_at: Annotated[Timestamp | None, Meta(description="when an attempt last failed")]
    last_failure: Annotated[str | None, Meta(description="why that attempt failed")]
    waiting: Annotated[
        int, Meta(description="messages that wait for an attempt, or for its result, in the delivery workers")
    ]
    failing: Annotated[bool, Meta(description="whether its last five attempts all failed")]


class WebhookCreatedResponse(WebhookResponse):
    """A new webhook with its secret, which is shown only here."""

    secret: Annotated[str, Meta(description="whsec_…, for verifying signatures (standardwebhooks.com)")]


class WebhooksResponse(Page[WebhookResponse]):
    """A program's webhooks."""


def reward_response(account: Account, *, shows_code: bool) -> RewardResponse:
    """The body that describes a reward; the code is masked unless `shows_code`."""
    return RewardResponse(
        id=account.id,
        program=account.program,
        beneficiary=account.beneficiary,
        rule=account.rule,
        kind=account.kind,
        role=account.role,
        version=account.version,
        trigger=account.trigger,
        status=account.status,
        waits_for=account.hold_reason,
        code=_shown_code(account, shows_code=shows_code),
        percent=account.percent,
        worth=account.worth,
        download=_download_link(account),
        granted_at=to_datetime(account.granted_ms),
        due_at=to_datetime(account.due_ms),
        expires_at=optional_datetime(account.expires_ms),
        fulfilled_at=optional_datetime(account.fulfilled_ms),
        redeemed_at=optional_datetime(account.redeemed_ms),
        order_id=account.order,
        revoked_for=account.revocation_reason,
        clawback=account.clawback,
    )


def redemption_response(redemption: Redemption) -> RedemptionResponse:
    """The body that describes a redemption that succeeded."""
    return RedemptionResponse(
        id=redemption.request,
        reward_id=redemption.reward,
        order_id=redemption.order,
        status="redeemed",
        redeemed_at=to_datetime(redemption.decided_ms),
    )


def webhook_response(webhook: Webhook, status: WebhookStatus) -> WebhookResponse:
    """The body that describes a webhook, without its secret."""
    return WebhookResponse(
        id=webhook.id,
        program=webhook.program,
        url=webhook.url,
        events=list(webhook.events),
        last_success_at=optional_datetime(status.last_success_ms),
        last_failure_at=optional_datetime(status.last_failure_ms),
        last_failure=status.last_failure,
        waiting=status.waiting,
        failing=status.failing,
    )


def _shown_code(account: Account, *, shows_code: bool) -> str | None:
    if account.code is None or account.status not in FULFILLED_STATUSES:
        return None
    return account.code if shows_code else mask_code(account.code)


def optional_datetime(milliseconds: int | None) -> datetime | None:
    """Returns milliseconds since the epoch as a datetime in UTC; None for None."""
    return to_datetime(milliseconds) if milliseconds is not None else None


def _download_link(account: Account) -> str | None:
    if account.file is None or account.status not in FULFILLED_STATUSES:
        return None
    shared = context()
    token = dependencies().tokens.sign_expiring("guide", account.id, shared.clock.now_ms() + _DOWNLOAD_LINK_TTL_MS)
    return f"{shared.settings.wallet_url}/g/{token}"
