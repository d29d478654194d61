"""The adapter section of a program: how other platforms' JSON webhooks become our events."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.facts import Channel
from referral.events.line import Id, Name
from referral.events.section import Section

Place = Annotated[str, Meta(min_length=1, max_length=256, description="a JSON pointer or a dotted path")]
FactType = Literal[
    "content.shown",
    "content.shared",
    "person.followed",
    "person.unfollowed",
    "person.active",
    "code.scanned",
    "friend.tagged",
    "order.paid",
    "order.refunded",
    "post.published",
    "post.engaged",
    "post.removed",
]


class AdapterPlaces(Section, frozen=True, kw_only=True):
    """Where the fields of our events stand in a platform's JSON: a JSON pointer (`/user/id`) or a dotted path (`user.id`) each."""

    id: Place
    type: Place
    person: Place
    time: Place
    code: Place | None = None
    mention: Place | None = None
    click: Place | None = None
    device: Place | None = None
    network: Place | None = None


class AdapterSignature(Section, frozen=True, kw_only=True):
    """How a platform signs its webhooks: the header that holds the HMAC-SHA256 of the body, and the name of the secret."""

    header: Name
    secret: Id
    prefix: Name | None = None
    encoding: Literal["hex", "base64"] = "hex"


class WechatAccount(Section, frozen=True, kw_only=True):
    """The WeChat official account whose callbacks count: its AppID, and whether what is not encrypted is refused."""

    appid: Name | None = None
    mode: Literal["compatible", "encrypted"] = "compatible"


class Adapter(Section, frozen=True, kw_only=True):
    """How the JSON webhooks of one platform become our events. `types` leads from its names of events to ours."""

    id: Id
    where: AdapterPlaces
    types: dict[str, FactType]
    data: dict[str, Place] = field(default_factory=dict)
    items: Place | None = None
    channel: Channel | None = None
    person_prefix: Name | None = None
    time_format: Literal["rfc3339", "seconds", "milliseconds"] = "rfc3339"
    signature: AdapterSignature | None = None
