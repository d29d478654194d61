"""The adapter section of a program: how other platforms' JSON webhooks become events."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, field

from referral.events.facts import FACT_ALIASES, LOG_ONLY_FIELDS, Channel, Fact
from referral.events.line import Name, type_tag
from referral.events.section import Section, Slug
from referral.events.value_checks import InvalidValue, time_zone

JsonPath = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=r"^((/([^/~]|~0|~1)*)+|[^./~]+(\.[^./~]+)*)$",
        extra={"must_be": "a JSON pointer such as /user/id, or a dotted path such as user.id"},
    ),
]
PersonPrefix = Annotated[str, Meta(min_length=1, max_length=32)]
HEADER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"
HeaderName = Annotated[str, Meta(pattern=HEADER_PATTERN, extra={"must_be": "a header name such as X-Signature"})]
TimeZone = Annotated[str, Meta(max_length=64, examples=["UTC"], extra={"check": time_zone})]
MAX_ADAPTERS = 20
MAX_EVENT_NAMES = 200
BUILT_IN = ("wechat", "cloudevents", "shopify", "woocommerce")
"""Adapters that every program has; their names are taken."""


def _data_fields() -> list[str]:
    """The fields of the events' `data`, of all types."""
    data = [fact.__annotations__.get("data") for fact in get_args(Fact)]
    names = dict.fromkeys(name for struct in data if struct for name in struct.__struct_fields__)
    return [name for name in names if name not in LOG_ONLY_FIELDS]


def _not_built_in(name: str) -> None:
    if name in BUILT_IN:
        raise InvalidValue(f"{name} is a built-in adapter: choose another name")


FACT_TYPES = [*(type_tag(fact) for fact in get_args(Fact)), *FACT_ALIASES]
FactType = Annotated[str, Meta(extra_json_schema={"enum": FACT_TYPES})]
DATA_FIELDS = _data_fields()
DataField = Annotated[str, Meta(extra_json_schema={"enum": DATA_FIELDS})]


class AdapterPaths(Section, frozen=True, kw_only=True):
    """Where a platform's JSON has the fields of an event: a JSON pointer (`/user/id`) or a dotted path (`user.id`) each."""

    id: Annotated[JsonPath, Meta(description="where the platform's own id of the event is", examples=["/event/id"])]
    type: Annotated[
        JsonPath | None,
        Meta(
            description="where the platform's event name or status is",
            examples=["/event/name"],
            extra={"left_out": "it is in the header that type_header names"},
        ),
    ] = None
    person: Annotated[JsonPath, Meta(description="where the person's id is", examples=["/user/id"])]
    time: Annotated[JsonPath, Meta(description="where the time of the event is", examples=["/event/at"])]
    code: Annotated[JsonPath | None, Meta(description="where the referral code is")] = None
    mention: Annotated[JsonPath | None, Meta(description="where the mention is")] = None
    click: Annotated[JsonPath | None, Meta(description="where the click token (rt) is")] = None
    device: Annotated[JsonPath | None, Meta(description="where a hash of the device is")] = None
    network: Annotated[JsonPath | None, Meta(description="where a hash of the network is")] = None


class AdapterSignature(Section, frozen=True, kw_only=True):
    """How a platform signs its webhooks: the header that holds the HMAC-SHA256 of the body, and the name of the secret."""

    header: Annotated[
        HeaderName, Meta(description="the header that holds the HMAC-SHA256 of the body", examples=["X-Signature"])
    ]
    secret: Annotated[
        Slug,
        Meta(
            description="the name under which `referral adapters set NAME PROGRAM` stores the secret", examples=["shop"]
        ),
    ]
    prefix: Annotated[
        Name | None, Meta(description="what precedes the signature in the header", examples=["sha256="])
    ] = None
    encoding: Annotated[Literal["hex", "base64"], Meta(description="how the signature is encoded")] = "hex"


class Adapter(Section, frozen=True, kw_only=True):
    """How the JSON webhooks of one platform become events. `types` maps its event names to event types."""

    id: Annotated[
        Slug,
        Meta(
            description="your own name for this adapter, part of its URL",
            examples=["shop"],
            extra={"check": _not_built_in},
        ),
    ]
    where: Annotated[AdapterPaths, Meta(description="where id, type, person and time are, and optional fields")]
    types: Annotated[
        dict[Name, FactType],
        Meta(
            min_length=1,
            max_length=MAX_EVENT_NAMES,
            description="from the platform's event names to event types",
            examples=[{"subscribed": "person.followed"}],
            extra={"must_be": f"a mapping with 1 to {MAX_EVENT_NAMES} event names"},
        ),
    ]
    type_header: Annotated[
        HeaderName | None,
        Meta(
            description="the header that holds the platform's event name, of all events of a request",
            examples=["X-Shopify-Topic"],
            extra={"left_out": "it is in the body, at where.type"},
        ),
    ] = None
    data: Annotated[
        dict[DataField, JsonPath],
        Meta(description="where the fields of the event's data are", examples=[{"order": "/order/number"}]),
    ] = field(default_factory=dict)
    items: Annotated[
        JsonPath | None,
        Meta(
            description="where the list of events is",
            examples=["/events"],
            extra={"left_out": "the body is one event or a list of them"},
        ),
    ] = None
    channel: Annotated[Channel | None, Meta(description="the channel of the events")] = None
    person_prefix: Annotated[
        PersonPrefix | None, Meta(description="what is put before the person's id", examples=["shop:"])
    ] = None
    time_format: Annotated[
        Literal["rfc3339", "seconds", "milliseconds"], Meta(description="how the time is written")
    ] = "rfc3339"
    amount_unit: Annotated[
        Literal["main", "minor"],
        Meta(description="whether amounts are in the currency's main unit (yuan) or in its minor unit (fen, cents)"),
    ] = "main"
    time_zone: Annotated[
        TimeZone | None,
        Meta(
            description="the time zone of times that are written without one",
            extra={"left_out": "each time must have a zone"},
        ),
    ] = None
    signature: Annotated[
        AdapterSignature | None,
        Meta(description="how the platform signs its webhooks", extra={"left_out": "it sends an API key"}),
    ] = None
