"""The client of Referral Growth for platforms. See README.md."""

from referral_client.api_errors import ApiProblem, QueueFull, ReferralError, ServiceUnavailable
from referral_client.async_client import AsyncReferralClient
from referral_client.client import ReferralClient
from referral_client.event_queue import EventQueue, QueuedEvent, RefusedEvent
from referral_client.event_sender import EventSender
from referral_client.events import Event, event_id, order_cancelled, order_paid, order_refunded, person_followed
from referral_client.models import (
    Balances,
    Code,
    EmbedAddress,
    EventsResult,
    Hold,
    Participant,
    Person,
    Redemption,
    RedemptionChange,
    ReferralLink,
    Rewards,
    WalletLink,
)
from referral_client.retry_policy import RetryPolicy

__all__ = [
    "ApiProblem",
    "AsyncReferralClient",
    "Balances",
    "Code",
    "EmbedAddress",
    "Event",
    "EventQueue",
    "EventSender",
    "EventsResult",
    "Hold",
    "Participant",
    "Person",
    "QueueFull",
    "QueuedEvent",
    "Redemption",
    "RedemptionChange",
    "ReferralClient",
    "ReferralError",
    "ReferralLink",
    "RefusedEvent",
    "RetryPolicy",
    "Rewards",
    "ServiceUnavailable",
    "WalletLink",
    "event_id",
    "order_cancelled",
    "order_paid",
    "order_refunded",
    "person_followed",
]
