"""What receivers get: a line of the log as a Standard Webhooks message. https://www.standardwebhooks.com"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, get_args

import msgspec
from standardwebhooks import Webhook as Signer

from referral.encryption import DecryptionFailed
from referral.events.ids import derive_id
from referral.events.line import Cause
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    CodeRequested,
    CodeReturned,
    PoolFilled,
    RedemptionRefused,
    RedemptionRequested,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFact,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardRedeemed,
    RewardRevoked,
)
from referral.topics import REWARDS
from reward_dispatcher.sealed_codes import CodeSealer

NotifiableReward = RewardFulfilled | RewardRedeemed | RewardRevoked
WebhookEventType = Literal["reward.fulfilled", "reward.redeemed", "reward.revoked"]
WEBHOOK_EVENT_TYPES: tuple[WebhookEventType, ...] = get_args(WebhookEventType)
_PREFIXES = tuple(f'{{"type":"{name}"'.encode() for name in WEBHOOK_EVENT_TYPES)

_decode = msgspec.json.Decoder(RewardFact).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Message:
    """A message. Its id is the same each time it is sent, so that a receiver can detect a duplicate.

    `problem` is why its code cannot be read; the body then lacks the code and must not be sent.
    """

    id: str
    type: WebhookEventType
    line: NotifiableReward
    body: bytes
    problem: str | None = None


def webhook_event(line: RewardFact) -> tuple[WebhookEventType, NotifiableReward] | None:
    """Returns the event type that receivers are notified with, and the line; None for a line that stays internal."""
    match line:
        case RewardFulfilled():
            return "reward.fulfilled", line
        case RewardRedeemed():
            return "reward.redeemed", line
        case RewardRevoked():
            return "reward.revoked", line
        case (
            RewardGranted()
            | RewardHeld()
            | RewardApproved()
            | RewardDelivered()
            | RewardExpired()
            | ClawbackOpened()
            | RedemptionRequested()
            | RedemptionRefused()
            | CodeRequested()
            | CodeIssued()
            | CodeReturned()
            | PoolFilled()
        ):
            return None
        case _:
            assert_never(line)


def message_of(raw: bytes, position: tuple[int, int, int], codes: CodeSealer) -> Message | None:
    """Returns the message of a log line, or None for a line that stays internal. `position` is partition, offset, line.

    Raises msgspec.MsgspecError if a line of such a type breaks its contract.
    """
    if not raw.startswith(_PREFIXES):
        return None
    event = webhook_event(_decode(raw))
    if event is None:
        return None
    event_type, line = event
    id_ = _id(line.cause, position)
    try:
        return Message(id_, event_type, line, _body(event_type, codes.open_line(line)))
    except DecryptionFailed as error:
        return Message(id_, event_type, line, _body(event_type, line), str(error))


def signed_headers(secret: str, message: Message, now: datetime) -> dict[str, str]:
    """Returns the headers of an attempt, signed with a webhook's secret.

    `now` is the real time: receivers reject timestamps that differ by five minutes.
    """
    signature = Signer(secret).sign(message.id, now, message.body.decode())
    return {
        "content-type": "application/json",
        "user-agent": "referral-webhooks/1",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _id(cause: Cause, position: tuple[int, int, int]) -> str:
    """Derived from the line's cause, which a repeated output line shares; from its position if it has no cause."""
    return derive_id("msg", *map(str, cause if cause[0] else (REWARDS.name, *position)))


def _body(event_type: WebhookEventType, line: NotifiableReward) -> bytes:
    data = {
        key: value
        for key, value in msgspec.to_builtins(line).items()
        if key not in ("type", "cause", "occurred_at", "sealed_code")
    }
    return _encode({"type": event_type, "timestamp": line.occurred_at, "data": data})
