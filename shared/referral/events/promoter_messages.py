"""Messages to promoters: their kinds, and what a program sets for them. The texts are built when a message is sent.

On the log a message has the person id and the ids of what it is about, and nothing else that is about a person.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from zlib import crc32

from msgspec import Meta, Struct, field

from referral.events.caption_template import placeholders
from referral.events.ids import derive_id
from referral.events.line import Id, Name, Text, Timestamp
from referral.events.section import IN_SOME_LANGUAGE, MAX_LANGUAGES, UNIQUE, Language, Section
from referral.events.value_checks import InvalidValue, legible

MessageKind = Literal[
    "welcome",
    "friend_came",
    "progress",
    "reward_ready",
    "reward_expiring",
    "reward_revoked",
    "period_closed",
    "prize_won",
    "thank_you",
]
MESSAGE_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)
ChannelName = Literal["wechat", "wechat_subscription", "email", "webhook", "wallet"]
"""How a message reaches a person, in the order of preference."""
CHANNEL_NAMES: tuple[ChannelName, ...] = get_args(ChannelName)
DigestKind = Literal["email", "feishu", "dingtalk", "wecom", "slack"]
"""Where a digest to the growth team is sent: an address, or a group chat."""
DIGEST_KINDS: tuple[DigestKind, ...] = get_args(DigestKind)
MAX_ITEMS = 20
"""What one message can be about; what comes after it is in the next one."""
EXPIRING_DAYS = 3
"""How many days before the end of a reward its owner is reminded."""
DAY_MINUTES = 24 * 60
SHARDS = 64
"""The endpoints among which the people of a program are divided."""
_ENDPOINT = "ppl"

MessagePlaceholder = Literal[
    "name", "program", "code", "link", "friends", "missing", "reward", "date", "reason", "prize"
]
MESSAGE_PLACEHOLDERS = ", ".join(f"{{{name}}}" for name in get_args(MessagePlaceholder))


class MessageItem(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that a message is about. `id` follows from what happened: an item that is requested again is ignored.

    `reward` is the id of a reward, `rule` that of its rule; `friends` is a score, `period` that of a board.
    """

    id: Id
    kind: MessageKind
    at: Timestamp
    reward: Id | None = None
    rule: Id | None = None
    prize: Text | None = None
    period: Name | None = None
    friends: Annotated[int, Meta(ge=0)] | None = None


def people_endpoint(program: str, person: str) -> str:
    """Returns the endpoint of messages to a person, `ppl_…`: one of the 64 of their program."""
    return derive_id(_ENDPOINT, program, str(crc32(person.encode()) % SHARDS))


def people_endpoints(program: str) -> list[str]:
    """Returns the endpoints of all people of a program."""
    return [derive_id(_ENDPOINT, program, str(shard)) for shard in range(SHARDS)]


def is_people_endpoint(endpoint: str) -> bool:
    """Whether the messages of an endpoint are for people, and not for a webhook or its contact."""
    return endpoint.startswith(f"{_ENDPOINT}_")


def message_text(template: str) -> None:
    """Refuses a text of a message that cannot be displayed, or with unknown placeholders."""
    legible(template.replace("\n", " "))
    try:
        unknown = [name for name in placeholders(template) if name not in get_args(MessagePlaceholder)]
    except ValueError as error:
        raise InvalidValue(f"{error}: write placeholders as {MESSAGE_PLACEHOLDERS}") from error
    if unknown:
        raise InvalidValue(f"has the unknown placeholder {{{unknown[0]}}}: use one of {MESSAGE_PLACEHOLDERS}")


_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
TimeOfDay = Annotated[
    str, Meta(pattern=f"^{_TIME_OF_DAY.pattern}$", extra={"must_be": "a time of day such as 22:00"}, examples=["22:00"])
]
TemplateText = Annotated[str, Meta(min_length=1, max_length=1000, extra={"check": message_text})]
LocalizedTemplate = Annotated[
    dict[Language, TemplateText], Meta(min_length=1, max_length=MAX_LANGUAGES, extra=IN_SOME_LANGUAGE)
]


def minute_of(time_of_day: str) -> int:
    """Returns the minute of the day of a time such as 22:00; 0 to 1439."""
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)


class QuietHours(Section, frozen=True, kw_only=True, rename={"start": "from"}):
    """When no message is sent, each day in the program's time zone; the same time twice: no quiet hours."""

    start: Annotated[TimeOfDay, Meta(description="when they begin")] = "22:00"
    to: Annotated[TimeOfDay, Meta(description="when they end")] = "08:00"


class MessageTemplate(Section, frozen=True, kw_only=True):
    """The program's own words for a kind of message."""

    text: Annotated[
        LocalizedTemplate,
        Meta(
            description=f"the text, in one or more languages, with the placeholders {MESSAGE_PLACEHOLDERS}",
            examples=[{"en": "{name}, your friend is here."}],
        ),
    ]
    subject: Annotated[
        LocalizedTemplate,
        Meta(
            description="the subject of an e-mail that is about this alone",
            examples=[{"en": "A friend came"}],
            extra={"left_out": "the standard subject"},
        ),
    ] = field(default_factory=dict)


class Digest(Section, frozen=True, kw_only=True):
    """The report to the growth team: what moved, why, and three things to do. Its targets are adapter secrets."""

    every: Annotated[Literal["day", "week"], Meta(description="how often it is sent; a weekly one on Mondays")] = "week"
    at: Annotated[TimeOfDay, Meta(description="when, in the program's time zone")] = "09:00"
    language: Annotated[
        Literal["zh-CN", "en"] | None,
        Meta(description="its language", extra={"left_out": "the first language of the program's name"}),
    ] = None


class Messages(Section, frozen=True, kw_only=True):
    """Which messages promoters get, when, how often, and in what words."""

    kinds: Annotated[
        tuple[MessageKind, ...],
        Meta(description="the kinds of messages that are sent", extra_json_schema=UNIQUE),
    ] = MESSAGE_KINDS
    quiet_hours: Annotated[QuietHours, Meta(description="when no message is sent")] = QuietHours()
    per_week: Annotated[
        Annotated[int, Meta(ge=1, le=50)],
        Meta(description="how many messages a person gets in seven days, at most"),
    ] = 3
    bundle_minutes: Annotated[
        Annotated[int, Meta(ge=0, le=DAY_MINUTES)],
        Meta(description="how many minutes a message waits for others that are sent with it"),
    ] = 10
    templates: Annotated[
        dict[MessageKind, MessageTemplate],
        Meta(description="texts of your own, by kind", extra={"left_out": "the standard texts"}),
    ] = field(default_factory=dict)
    digest: Annotated[
        Digest | None,
        Meta(description="the report to the growth team", extra={"left_out": "none is sent"}),
    ] = None

    def template(self, kind: MessageKind) -> MessageTemplate | None:
        """Returns the program's own words for a kind; None without any."""
        return self.templates.get(kind)


def fill_message(template: str, values: Mapping[str, str]) -> str:
    """Returns the text with its placeholders filled in; what has no value is left out."""
    return re.sub(r"\{([^{}]*)\}", lambda name: values.get(name[1], ""), template)
