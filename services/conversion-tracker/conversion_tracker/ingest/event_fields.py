"""The event types that can be sent and their fields: what may be left out, what is allowed, and what a wrong name means."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Literal, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from referral.events.facts import FACT_ALIASES, LOG_ONLY_FIELDS, Fact
from referral.events.line import type_tag


@dataclass(frozen=True, slots=True)
class EventField:
    """A field of an event type: whether an event is complete without it, and the values that it may have, if they are listed."""

    is_optional: bool
    allowed: tuple[str, ...] = ()


_TYPES = {type_tag(one): one for one in get_args(Fact)}
_TYPE_NAMES = [*_TYPES, *FACT_ALIASES]
_OTHER_TYPE_NAMES = {
    "follow": "person.followed",
    "subscribe": "person.followed",
    "signup": "person.signed_up",
    "sign_up": "person.signed_up",
    "register": "person.signed_up",
    "user.created": "person.signed_up",
    "unfollow": "person.unfollowed",
    "unsubscribe": "person.unfollowed",
    "user.deleted": "person.left",
    "purchase": "order.paid",
    "order.created": "order.paid",
    "order.completed": "order.paid",
    "payment": "order.paid",
    "refund": "order.refunded",
    "cancel": "order.cancelled",
    "cancellation": "order.cancelled",
    "order.voided": "order.cancelled",
    "payment.failed": "order.cancelled",
    "reinstate": "order.reinstated",
    "order.restored": "order.reinstated",
    "scan": "code.scanned",
    "share": "content.shared",
}
_OTHER_FIELD_NAMES = {
    "user": "person",
    "user_id": "person",
    "userid": "person",
    "customer": "person",
    "external_id": "person",
    "openid": "person",
    "subject": "person",
    "rt": "click",
    "token": "click",
    "click_token": "click",
    "ref": "code",
    "coupon": "reward_code",
    "coupon_code": "reward_code",
    "discount_code": "reward_code",
    "voucher": "reward_code",
    "referral_code": "code",
    "invite_code": "code",
    "time": "occurred_at",
    "timestamp": "occurred_at",
    "created_at": "occurred_at",
    "event": "type",
    "event_type": "type",
    "event_id": "id",
    "program_id": "program",
    "source": "channel",
}


def may_be_left_out(event_type: object, pointer: str) -> bool:
    """Whether an event of the type is complete without the field at a JSON pointer.

    A refund without its amount would be one of the whole order, and a code without its amount would be used up.
    """
    field = _fields(event_type).get(pointer)
    return field is not None and field.is_optional and pointer not in ("/data/amount", "/data/reward_amount")


def allowed_values(event_type: object, pointer: str) -> tuple[str, ...]:
    """The values that the field at a JSON pointer may have; empty if they are not listed."""
    field = _fields(event_type).get(pointer)
    return field.allowed if field else ()


def explain_type(name: str) -> str:
    """What to send instead of an unknown event type, to be appended to a message; empty if nothing is similar."""
    meant = _OTHER_TYPE_NAMES.get(name.lower()) or _closest(name.lower(), _TYPE_NAMES)
    return f": did you mean `{meant}`?" if meant else ""


def explain_field(event_type: object, parent: str, name: str) -> str:
    """What to send instead of an unknown field of the object at the pointer `parent`; empty if nothing is similar."""
    known = _fields(event_type)
    if parent == "/data" and f"/{name}" in known:
        return ": it belongs in the event itself, not in `data`."
    if not parent and f"/data/{name}" in known:
        return ": it belongs in `data`."
    siblings = [pointer.removeprefix(f"{parent}/") for pointer in known if pointer.startswith(f"{parent}/")]
    names = [one for one in siblings if "/" not in one]
    other = _OTHER_FIELD_NAMES.get(name.lower())
    meant = other if other in names else _closest(name.lower(), names)
    return f": did you mean `{meant}`?" if meant else ""


def _closest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, list(names), n=1)), None)


def _fields(event_type: object) -> Mapping[str, EventField]:
    known = isinstance(event_type, str) and event_type in _TYPES
    return _fields_of(event_type if known else "person.unfollowed")  # an unknown type has at least these


@cache
def _fields_of(event_type: str) -> Mapping[str, EventField]:
    """The fields of a type and of its `data`, by JSON pointer."""
    return {"/type": EventField(is_optional=False)} | dict(_by_pointer(_TYPES[event_type], ""))


def _by_pointer(struct: type[Struct], parent: str) -> Iterator[tuple[str, EventField]]:
    hints = get_type_hints(struct)
    for field in fields(struct):
        if field.name in LOG_ONLY_FIELDS:
            continue
        pointer, hint = f"{parent}/{field.encode_name}", hints[field.name]
        if isinstance(hint, type) and issubclass(hint, Struct):
            yield pointer, EventField(is_optional=not field.required)
            yield from _by_pointer(hint, pointer)
        else:
            yield pointer, EventField(not field.required and field.default is None, _literal_values(hint))


def _literal_values(hint: object) -> tuple[str, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(value for member in get_args(hint) for value in _literal_values(member))
