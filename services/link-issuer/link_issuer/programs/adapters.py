"""The adapter section of a program file: how a platform's JSON webhooks become our events. It mirrors `referral.events.program`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate, validates_schema

from link_issuer.programs.report import report
from referral.events.adapters import FactType
from referral.events.facts import Channel, Fact
from referral.validation.fields import PlainDict, StrictSchema, choice, identifier, text

RESERVED = ("wechat", "cloudevents")
_APPID = re.compile(r"wx[0-9a-z]{16}\Z")
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")
_POINTER = re.compile(r"(/([^/~]|~0|~1)*)+\Z")
_DOTTED = re.compile(r"[^./~]+(\.[^./~]+)*\Z")


def data_fields() -> tuple[str, ...]:
    """What the `data` of our events may hold, whatever their type."""
    kinds = [kind.__annotations__.get("data") for kind in get_args(Fact)]
    return tuple(dict.fromkeys(name for kind in kinds if kind for name in kind.__struct_fields__))


def _place(text: str) -> None:
    if not (_POINTER.match(text) or _DOTTED.match(text)):
        raise ValidationError("is no place in JSON: write a JSON pointer such as /user/id, or a path such as user.id")


def place(description: str, *, required: bool = False) -> fields.String:
    """Where something stands in the platform's JSON."""
    return fields.String(
        required=required, validate=[validate.Length(1, 256), _place], metadata={"description": description}
    )


class WechatSection(StrictSchema):
    """The WeChat official account."""

    appid = fields.String(
        validate=validate.Regexp(
            _APPID, error="is no AppID: wx and 16 letters and digits, as the account's page shows it"
        ),
        metadata={
            "description": "the account's AppID: encrypted callbacks of any other are refused; left out: not asked for"
        },
    )
    mode = choice(
        ("compatible", "encrypted"),
        "`compatible` takes callbacks in plaintext and encrypted ones, `encrypted` refuses what is not encrypted",
        required=False,
    )


class AdapterPlacesSection(StrictSchema):
    """Where the fields stand."""

    id = place("where the platform's own id of the event stands, such as /event/id", required=True)
    type = place("where the platform's name of the event stands, such as /event/name", required=True)
    person = place("where the id of the person stands, such as /user/id", required=True)
    time = place("where the moment stands at which it happened, such as /event/at", required=True)
    code = place("where the referral code stands")
    mention = place("where the mention stands")
    click = place("where the click token (rt) stands")
    device = place("where a hash of the device stands")
    network = place("where a hash of the network stands")


class AdapterSignatureSection(StrictSchema):
    """How the platform signs."""

    header = fields.String(
        required=True,
        validate=validate.Regexp(_HEADER, error="is no header's name: write one such as X-Signature"),
        metadata={"description": "the header that holds the HMAC-SHA256 of the body, such as X-Signature"},
    )
    secret = identifier("the name under which `referral adapters set NAME PROGRAM` keeps the secret")
    prefix = text("what stands before the signature in the header, such as sha256=", 128)
    encoding = choice(("hex", "base64"), "how the signature is written", required=False)


class AdapterSection(StrictSchema):
    """One platform."""

    id = identifier("a name of your own for this adapter; it is part of its address")
    where = fields.Nested(
        AdapterPlacesSection,
        required=True,
        metadata={"description": "where id, type, person and time stand, and what else there is"},
    )
    types = PlainDict(
        keys=text("the platform's name", 128),
        values=choice(get_args(FactType), "one of our event types"),
        required=True,
        validate=validate.Length(min=1, error="is empty: name at least one event"),
        metadata={"description": "from the platform's names of events to ours, such as {subscribed: person.followed}"},
    )
    data = PlainDict(
        keys=choice(data_fields(), "a field of an event's data"),
        values=place("where it stands"),
        metadata={"description": f"where the data of an event stand: {', '.join(data_fields())}"},
    )
    items = place("where the list of events stands; left out: the body is one event, or a list of them")
    channel = choice(get_args(Channel), "the channel that the events are of", required=False)
    person_prefix = text("what is put before the person's id, such as shop:", 32)
    time_format = choice(("rfc3339", "seconds", "milliseconds"), "how the moment is written", required=False)
    signature = fields.Nested(
        AdapterSignatureSection, metadata={"description": "how the platform signs; left out: it sends an API key"}
    )

    @validates_schema(skip_on_field_errors=False)
    def _can_be_used(self, adapter: dict[str, Any], **_: object) -> None:
        report({name: [detail] for name, detail in _adapter_mistakes(adapter)})


def _adapter_mistakes(adapter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if adapter.get("id") in RESERVED:
        yield "id", f"{adapter['id']} is an adapter that there is already: choose another name"
