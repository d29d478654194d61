"""What responses contain: the fields that platforms use. Fields that the service adds later are ignored.

Times are `datetime`s with a zone. A test compares the fields with the OpenAPI documents of the services.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

Model = TypeVar("Model")
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsResult:
    """How many events were recorded, and an error for each one that was refused: `index`, `code`, `pointer`, `detail`."""

    accepted: int
    rejected: list[Json]
    warnings: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A person who refers others by their code and link."""

    id: str
    external_id: str | None
    display_name: str | None
    code: str
    link: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralLink:
    """A further code of a participant, for one channel, content item and call to action."""

    id: str
    code: str
    link: str
    program: str
    participant: str
    channel: str | None
    content: str | None
    cta: str | None
    expires_at: datetime | None
    uses: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of a program, and who referred them: `referrer` is None, with the `reason`, if no one did."""

    program: str
    id: str
    external_id: str | None
    status: str
    referral: str | None
    referrer: Json | None
    reason: str | None
    followed_at: datetime | None
    qualified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """A page of the rewards of a person. `next_cursor` is None on the last one."""

    items: list[Json]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What a person can spend, by currency and in points."""

    program: str
    person: str
    items: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code of a reward: whether it can be used now, or why not. `left` is in minor units, of a code of a fixed amount."""

    code: str | None
    valid: bool
    reason: str | None
    reward_id: str
    program: str
    kind: str
    percent: int | None
    value: Json | None
    left: int | None
    expires_at: datetime | None
    order_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A reward, or so much of it, was used for an order. `amount` is in minor units of `unit`."""

    id: str
    reward_id: str
    order_id: str
    status: str
    redeemed_at: datetime
    amount: int | None
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reward, or so much of it, is reserved for an order until `held_until`."""

    id: str
    reward_id: str
    order_id: str
    status: str
    held_until: datetime
    amount: int | None
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionChange:
    """A redemption was captured, released, reversed, refunded or reinstated."""

    redemption_id: str
    change: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletLink:
    """The link to a person's wallet. Send it to this person alone."""

    id: str
    program: str
    person: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedAddress:
    """The address of a frame on your own site. Whoever has it sees what it shows, until `expires_at`."""

    scope: str
    url: str
    expires_at: datetime
    origins: list[str]


def read_model(model: type[Model], body: Json) -> Model:
    """The body of a response as a model; what the body lacks is None."""
    names = [field.name for field in fields(model)]  # type: ignore[arg-type] # every model is a dataclass
    return model(**{name: _value(name, body.get(name)) for name in names})


def _value(name: str, value: object) -> object:
    is_time = name == "at" or name.endswith(("_at", "_until"))
    return datetime.fromisoformat(value) if is_time and isinstance(value, str) else value
