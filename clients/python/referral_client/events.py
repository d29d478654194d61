"""Events that a platform reports, with ids that follow from what happened.

The same event has the same id in every process and after a restart, so it counts once however often it is sent. Times must have
a zone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

Data = Mapping[str, object]
_MAX_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of a person. `evidence` may have `code`, `click` (the `rt` of the landing page), `mention`, `channel`.

    Raises ValueError for a time without a zone.
    """

    id: str
    type: str
    program: str
    person: str
    occurred_at: datetime
    evidence: Data = field(default_factory=dict)
    data: Data = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None:
            raise ValueError("occurred_at must have a time zone, such as datetime.now(UTC)")

    def body(self) -> dict[str, object]:
        """The event as the API expects it; values that are None or empty are left out."""
        fields: dict[str, object] = {
            "id": self.id,
            "type": self.type,
            "program": self.program,
            "person": self.person,
            "occurred_at": self.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
        fields |= {name: value for name, value in self.evidence.items() if value not in (None, "")}
        data = {name: _plain(value) for name, value in self.data.items() if value is not None}
        return fields | ({"data": data} if data else {})

    def encode(self) -> bytes:
        """The body as JSON."""
        return json.dumps(self.body(), ensure_ascii=False, separators=(",", ":")).encode()


def person_followed(
    program: str,
    person: str,
    *,
    code: str | None = None,
    click: str | None = None,
    occurred_at: datetime | None = None,
    id: str | None = None,
) -> Event:
    """A person signed up or began to follow; `code` and `click` are what referral.js or its cookie has.

    Once for each person; who returns after leaving needs another `id`.
    """
    identity = id or event_id("person.followed", person)
    evidence = {"code": code, "click": click}
    return _event(identity, "person.followed", program, person, occurred_at, evidence)


def order_paid(
    program: str,
    person: str,
    order: str,
    amount: Decimal,
    currency: str,
    *,
    reward_code: str | None = None,
    occurred_at: datetime | None = None,
    id: str | None = None,
) -> Event:
    """An order was paid: `amount` in the currency's main unit. Once for each order."""
    identity = id or event_id("order.paid", order)
    data = {"order": order, "amount": amount, "currency": currency, "reward_code": reward_code}
    return _event(identity, "order.paid", program, person, occurred_at, data=data)


def order_refunded(
    program: str,
    person: str,
    order: str,
    refund: str,
    amount: Decimal | None = None,
    *,
    occurred_at: datetime | None = None,
    id: str | None = None,
) -> Event:
    """An order, or `amount` of it, was refunded. Once for each `refund`, the shop's own id of it."""
    identity = id or event_id("order.refunded", f"{order}:{refund}")
    return _event(identity, "order.refunded", program, person, occurred_at, data={"order": order, "amount": amount})


def order_cancelled(
    program: str, person: str, order: str, *, occurred_at: datetime | None = None, id: str | None = None
) -> Event:
    """An order was cancelled. Once for each order."""
    identity = id or event_id("order.cancelled", order)
    return _event(identity, "order.cancelled", program, person, occurred_at, data={"order": order})


def event_id(type: str, subject: str) -> str:  # noqa: A002 - the field's name
    """The id of the event of this type about `subject`: both, or a hash of both if that is longer than 64 characters.

    An id that names the person is replaced by a keyed hash before the service writes it.
    """
    plain = f"{type}:{subject}"
    return plain if len(plain) <= _MAX_ID else f"evt_{hashlib.sha256(plain.encode()).hexdigest()[:40]}"


def _event(
    id: str,
    type: str,  # noqa: A002 - the field's name
    program: str,
    person: str,
    occurred_at: datetime | None,
    evidence: Data | None = None,
    data: Data | None = None,
) -> Event:
    return Event(
        id=id,
        type=type,
        program=program,
        person=person,
        occurred_at=occurred_at or datetime.now(UTC),
        evidence=evidence or {},
        data=data or {},
    )


def _plain(value: object) -> object:
    """Amounts as texts: a float would lose digits."""
    return str(value) if isinstance(value, Decimal) else value
