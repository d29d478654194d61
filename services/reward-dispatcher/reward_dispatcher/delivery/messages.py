"""What receivers get: a line of the log as a Standard Webhooks message. https://www.standardwebhooks.com"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from standardwebhooks import Webhook as Signer

from referral.events.entities import Webhook
from referral.events.ids import derive_id
from referral.events.line import Cause, type_tag
from referral.events.rewards import RewardFulfilled, RewardRedeemed, RewardRevoked
from referral.topics import REWARDS

NotifiableReward = RewardFulfilled | RewardRedeemed | RewardRevoked
NOTIFIABLE_TYPES = ("reward.fulfilled", "reward.redeemed", "reward.revoked")
_OPENINGS = tuple(f'{{"type":"{name}"'.encode() for name in NOTIFIABLE_TYPES)

_decode = msgspec.json.Decoder(NotifiableReward).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `id` stays the same however often it is sent, so that a receiver can tell a repetition."""

    id: str
    type: str
    line: NotifiableReward
    body: bytes


def message_of(raw: bytes, position: tuple[int, int, int]) -> Message | None:
    """The message of a log line that receivers are told of, else None. `position` is partition, offset, line.

    Raises msgspec.MsgspecError for a line of such a type that breaks its contract.
    """
    if not raw.startswith(_OPENINGS):
        return None
    line = _decode(raw)
    kind = type_tag(line)
    return Message(_id(line.cause, position), kind, line, _body(kind, line))


def signed_headers(webhook: Webhook, message: Message, now: datetime) -> dict[str, str]:
    """The signed headers of an attempt. `now` is the world's time: receivers refuse what is five minutes off theirs."""
    signature = Signer(webhook.secret).sign(message.id, now, message.body.decode())
    return {
        "content-type": "application/json",
        "user-agent": "referral-webhooks/1",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _id(cause: Cause, position: tuple[int, int, int]) -> str:
    """By the line's cause, which a line said twice has in common; by its place where nothing derived it."""
    return derive_id("msg", *map(str, cause if cause[0] else (REWARDS.name, *position)))


def _body(kind: str, line: NotifiableReward) -> bytes:
    data = {
        key: value for key, value in msgspec.to_builtins(line).items() if key not in ("type", "cause", "occurred_at")
    }
    return _encode({"type": kind, "timestamp": line.occurred_at, "data": data})
