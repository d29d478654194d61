"""The operations that the clients call, in one table. A test compares it with the OpenAPI documents of the services."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

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

Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Result_co]):
    """An operation of the API: the path has `{names}`, `sends` are the fields of the body, `query` those of the query.

    `idempotent_by_key`: the request has an `Idempotency-Key`, so that a repeated one is answered as the first.
    """

    method: str
    path: str
    result: type[Result_co]
    sends: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    idempotent_by_key: bool = False


_REDEMPTION = ("order_id", "code", "reward_id", "person", "unit", "amount", "program", "client")
_PERSON = "/v1/programs/{program}/people/{external_id}"

JSON = {"Content-Type": "application/json"}
SEND_EVENTS = Operation("POST", "/v1/events", EventsResult)
ENROL = Operation(
    "POST",
    "/v1/programs/{program}/participants",
    Participant,
    ("external_id", "display_name", "mention", "public", "language", "contact", "consents", "device"),
    idempotent_by_key=True,
)
CREATE_LINK = Operation(
    "POST",
    "/v1/participants/{participant}/links",
    ReferralLink,
    ("channel", "content", "cta", "expires_at", "max_uses", "campaign"),
    idempotent_by_key=True,
)
GET_PERSON = Operation("GET", _PERSON, Person)
GET_REWARDS = Operation("GET", f"{_PERSON}/rewards", Rewards, query=("limit", "cursor"))
GET_BALANCES = Operation("GET", f"{_PERSON}/balance", Balances)
CREATE_WALLET_LINK = Operation("POST", f"{_PERSON}/wallet-link", WalletLink, ("days", "revoke"), idempotent_by_key=True)
CREATE_EMBED_TOKEN = Operation(
    "POST", "/v1/programs/{program}/embed-tokens", EmbedAddress, ("scope", "person"), idempotent_by_key=True
)
LOOK_UP_CODE = Operation("GET", "/v1/codes/{code}", Code, query=("program", "client"))
REDEEM = Operation("POST", "/v1/redemptions", Redemption, _REDEMPTION, idempotent_by_key=True)
HOLD = Operation("POST", "/v1/redemptions/holds", Hold, (*_REDEMPTION, "seconds"), idempotent_by_key=True)
CAPTURE = Operation(
    "POST", "/v1/redemptions/holds/{hold_id}/capture", RedemptionChange, ("amount",), idempotent_by_key=True
)
RELEASE = Operation("POST", "/v1/redemptions/holds/{hold_id}/release", RedemptionChange, idempotent_by_key=True)
REVERSE = Operation("POST", "/v1/redemptions/{redemption_id}/reverse", RedemptionChange, idempotent_by_key=True)
REFUND = Operation(
    "POST",
    "/v1/redemptions/{redemption_id}/refunds",
    RedemptionChange,
    ("refund_id", "amount", "order_amount"),
    idempotent_by_key=True,
)

OPERATIONS: tuple[Operation[object], ...] = (
    SEND_EVENTS,
    ENROL,
    CREATE_LINK,
    GET_PERSON,
    GET_REWARDS,
    GET_BALANCES,
    CREATE_WALLET_LINK,
    CREATE_EMBED_TOKEN,
    LOOK_UP_CODE,
    REDEEM,
    HOLD,
    CAPTURE,
    RELEASE,
    REVERSE,
    REFUND,
)


@dataclass(frozen=True, slots=True)
class Call(Generic[Result_co]):
    """One request of an operation, with the same id in each attempt. `content` is the body, JSON."""

    operation: Operation[Result_co]
    path: str
    content: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    operation: Operation[Result_co],
    place: Mapping[str, str] | None = None,
    given: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[Result_co]:
    """A request with the values of its path and what else was given; None is left out.

    Without an `idempotency_key` it gets one of its own, which holds for the attempts of this call alone.
    """
    path = operation.path.format(**{name: quote(value, safe="") for name, value in (place or {}).items()})
    values = {name: value for name, value in (given or {}).items() if value is not None}
    body = {name: values[name] for name in operation.sends if name in values}
    query = {name: str(values[name]) for name in operation.query if name in values}
    headers = {"Idempotency-Key": idempotency_key or uuid4().hex} if operation.idempotent_by_key else {}
    if operation.method != "POST":
        return Call(operation, path, None, query, headers)
    return Call(operation, path, json.dumps(body).encode(), query, JSON | headers)
