"""Messages to promoters as a page of the console."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import request
from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.events.deliveries import AttemptFailure, PromoterMessage
from referral.events.program import Program
from referral.events.promoter_messages import (
    CHANNEL_NAMES,
    MESSAGE_KINDS,
    ChannelName,
    DigestKind,
    MessageKind,
    Messages,
)
from referral.events.timestamps import to_datetime, to_ms
from referral.http.context import context
from referral.mail import MAX_ADDRESS
from referral.pages.console_shell import Toast
from referral.pages.languages import Language, gettext, ngettext
from referral.people.known_people import known_people
from reward_dispatcher.delivery_store import STATUSES, ListEntry
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.masked_address import mask_address
from reward_dispatcher.domain.message_delivery import DeliveryStatus, MessageDelivery
from reward_dispatcher.domain.outbox import (
    Outbox,
    WaitingReason,
    number_of_message,
    person_of_message,
    waiting_reason,
)
from reward_dispatcher.pages.message_previews import preview_message
from reward_dispatcher.pages.message_texts import MessageText
from reward_dispatcher.pages.reward_parts import render_part

KIND_NAMES: Mapping[MessageKind, object] = {
    "welcome": lazy_gettext("Welcome"),
    "friend_came": lazy_gettext("A friend came"),
    "progress": lazy_gettext("Progress"),
    "reward_ready": lazy_gettext("Reward ready"),
    "reward_expiring": lazy_gettext("Reward ends soon"),
    "reward_revoked": lazy_gettext("Reward taken back"),
    "period_closed": lazy_gettext("Board closed"),
    "prize_won": lazy_gettext("Prize won"),
    "thank_you": lazy_gettext("Thank you"),
}
_CHANNELS: Mapping[ChannelName, object] = {
    "wechat": lazy_gettext("WeChat"),
    "wechat_subscription": lazy_gettext("WeChat subscription message"),
    "email": lazy_gettext("Email"),
    "webhook": lazy_gettext("Webhook"),
    "wallet": lazy_gettext("Wallet only"),
}
_STATUSES: Mapping[DeliveryStatus, tuple[str, str, object]] = {
    "waiting": ("wait", "⏳", lazy_gettext("Waiting")),
    "delivered": ("good", "✓", lazy_gettext("Sent")),
    "failed": ("bad", "✕", lazy_gettext("Not sent")),
    "missed": ("none", "⊘", lazy_gettext("Left out")),
}
_WAITING: Mapping[WaitingReason, object] = {
    "bundling": lazy_gettext("waits for others to go with it"),
    "quiet_hours": lazy_gettext("quiet hours"),
    "limit": lazy_gettext("the person has had this week's messages"),
}
_FAILURES: Mapping[AttemptFailure, object] = {
    "status": lazy_gettext("refused"),
    "timeout": lazy_gettext("no answer in time"),
    "connection": lazy_gettext("no connection"),
    "address": lazy_gettext("the address is not allowed"),
    "unreadable": lazy_gettext("the message could not be built"),
}
_TARGETS: Mapping[DigestKind, object] = {
    "email": lazy_gettext("Email"),
    "feishu": lazy_gettext("Feishu"),
    "dingtalk": lazy_gettext("DingTalk"),
    "wecom": lazy_gettext("WeCom"),
    "slack": lazy_gettext("Slack"),
}
_LANGUAGES: tuple[tuple[Language, str], ...] = (("zh-CN", "中文"), ("en", "English"))


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message: whose it is, what it is about, how it is, and why. `things` is how many things it is about."""

    person: str
    name: str
    kinds: Sequence[str]
    things: int
    at: datetime
    due_at: datetime | None
    channel: str
    reason: str
    attempts: int
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class MessageList:
    """A page of the messages of a status."""

    status: DeliveryStatus
    rows: Sequence[MessageRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ClosedAddress:
    """A person whose address takes no messages: the masked address, and since when."""

    person: str
    name: str
    address: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """A kind of message in each language; `is_sent`: the program sends it; `is_own`: in its own words."""

    kind: MessageKind
    is_sent: bool
    is_own: bool
    texts: Sequence[tuple[Language, str, MessageText]]


@dataclass(frozen=True, slots=True)
class DigestState:
    """A target of digests that is set, since when (ms), and its newest digest with the answer to a failed attempt."""

    kind: DigestKind
    since_ms: int
    newest: tuple[MessageDelivery, str | None] | None = None

    @property
    def name(self) -> object:
        """The name of the kind."""
        return _TARGETS[self.kind]

    @property
    def since(self) -> datetime:
        """Since when it is set."""
        return to_datetime(self.since_ms)

    @property
    def at(self) -> datetime | None:
        """When the newest digest was sent, or is sent next."""
        if self.newest is None:
            return None
        digest = self.newest[0]
        return to_datetime(digest.due_ms if digest.status == "waiting" else digest.ended_ms)

    @property
    def answer(self) -> str:
        """What the last attempt met, in words; empty for one that was accepted."""
        if self.newest is None or self.newest[0].status == "delivered":
            return ""
        if self.newest[0].status == "missed":
            return gettext("there was no target, or digests were off")
        return failure_text(self.newest[0])


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """What came of the test send of a digest: the status of the answer, or why the target did not take it."""

    kind: DigestKind
    status: int | None = None
    refused: str = ""

    @property
    def name(self) -> object:
        """The name of the target."""
        return _TARGETS[self.kind]


@dataclass(frozen=True, slots=True)
class Figures:
    """Messages of the last 30 days, and how many people have one that waits."""

    waiting: int
    delivered: int
    failed: int
    missed: int
    channels: Mapping[ChannelName, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """Everything that the page shows about a program."""

    rules: Program
    figures: Figures
    listed: MessageList
    closed: Sequence[ClosedAddress]
    previews: Sequence[Preview]
    digests: Sequence[DigestState]
    digest_answer: DigestAnswer | None = None


def messages_page(visit: Visit, view: MessagesView | None) -> str:
    """The page as HTML; without a program an empty one."""
    return render_part(
        "console/messages.html",
        visit,
        "messages",
        view=view,
        statuses=_STATUSES,
        tabs=[(one, str(_STATUSES[one][2])) for one in STATUSES],
        channels=[(name, _CHANNELS[name]) for name in CHANNEL_NAMES],
        kinds=[(kind, KIND_NAMES[kind]) for kind in MESSAGE_KINDS],
        kind_names=KIND_NAMES,
        languages=_LANGUAGES,
        max_address=MAX_ADDRESS,
        toast=_toast(),
    )


def figures_of(healths: Iterable[EndpointHealth]) -> Figures:
    """The figures of the endpoints of a program's people together."""
    known = list(healths)
    days = [day for health in known for day in health.days]
    return Figures(
        sum(one.waiting for one in known),
        sum(day.delivered for day in days),
        sum(day.failed for day in days),
        sum(day.missed for day in days),
        {name: sum(day.channels.get(name, 0) for day in days) for name in CHANNEL_NAMES},
    )


def message_rows(
    found: Sequence[MessageDelivery], outboxes: Sequence[Outbox], excerpts: Sequence[str | None], rules: Program
) -> list[MessageRow]:
    """The rows of messages, each with the outbox of its person, and what the last failed attempt was answered."""
    names = _names(person_of_message(one.id) for one in found)
    messages = rules.messages or Messages()
    return [
        _row(delivery, outbox, excerpt, names, messages)
        for delivery, outbox, excerpt in zip(found, outboxes, excerpts, strict=True)
    ]


def _row(
    delivery: MessageDelivery, outbox: Outbox, excerpt: str | None, names: Mapping[str, str], rules: Messages
) -> MessageRow:
    person, content = person_of_message(delivery.id), delivery.content
    items = content.items if isinstance(content, PromoterMessage) else ()
    more = content.more if isinstance(content, PromoterMessage) else 0
    waits = delivery.status == "waiting"
    return MessageRow(
        person=person,
        name=names[person],
        kinds=[str(KIND_NAMES[kind]) for kind in dict.fromkeys(item.kind for item in items)],
        things=sum(item.friends or 1 for item in items) + more,
        at=to_datetime(delivery.created_ms if waits else delivery.ended_ms),
        due_at=to_datetime(delivery.due_ms) if waits else None,
        channel=str(_CHANNELS[delivery.channel]) if delivery.channel else "",
        reason=_reason(delivery, outbox, rules),
        attempts=delivery.attempts,
        excerpt=excerpt if delivery.status != "delivered" else None,
    )


def _reason(delivery: MessageDelivery, outbox: Outbox, rules: Messages) -> str:
    """Why a message waits, was not sent or left out; empty for one that was sent."""
    if delivery.status == "delivered":
        return ""
    if delivery.status == "missed":
        return gettext("nothing of it was true any more, or the person is gone")
    if delivery.status == "failed" or delivery.attempts:
        return failure_text(delivery)
    if delivery.due_ms <= context().clock.now_ms():
        return gettext("goes out next")
    is_open = outbox.number == number_of_message(delivery.id) and bool(outbox.waiting)
    return str(_WAITING[waiting_reason(outbox, rules)]) if is_open else gettext("goes out next")


def failure_text(delivery: MessageDelivery) -> str:
    """Returns what the last attempt met, in words; empty if there was none."""
    if delivery.failure == "status":
        return gettext("refused with %(status)s", status=delivery.status_code or "–")
    if delivery.failure is not None:
        return str(_FAILURES[delivery.failure])
    return gettext("begun and not seen to end: it may have arrived") if delivery.status == "failed" else ""


def closed_addresses(entries: Sequence[ListEntry]) -> list[ClosedAddress]:
    """Those whose address is still the one that was refused, without people who are erased."""
    profiles = context().people.profiles_by_id([entry.member for entry in entries])
    found = []
    for at_ms, person in entries:
        profile = profiles.get(person)
        if profile and profile.contact and "@" in profile.contact and to_ms(profile.recorded_at) <= at_ms:
            name = profile.display_name or profile.external_id
            found.append(ClosedAddress(person, name, mask_address(profile.contact), to_datetime(int(at_ms))))
    return found


def previews_of(rules: Program, now_ms: int, public_url: str) -> list[Preview]:
    """The text of each kind in both languages, about people and rewards that do not exist."""
    own = rules.messages.templates if rules.messages else {}
    sent = rules.messages.kinds if rules.messages else ()
    return [
        Preview(
            kind,
            kind in sent,
            kind in own,
            [(code, name, preview_message(rules, kind, code, now_ms, public_url)) for code, name in _LANGUAGES],
        )
        for kind in MESSAGE_KINDS
    ]


def _names(people: Iterable[str]) -> dict[str, str]:
    known = known_people(set(people), context().people.snapshot())
    return {id: (one.display_name or one.external_id) if one else id for id, one in known.items()}


_NOT_TESTED: Mapping[str, object] = {
    "invalid_address": lazy_gettext("That's not an email address that every mail server takes."),
    "no_mail_server": lazy_gettext("Nothing was sent: this system has no mail server."),
    "mail_refused": lazy_gettext("The mail server did not accept the message."),
}


def _toast() -> Toast | None:
    """What the last form did, by the query that it led to."""
    done, number = request.args.get("done", ""), max(0, request.args.get("number", 0, type=int))
    if done in _NOT_TESTED:
        return Toast(str(_NOT_TESTED[done]), "")
    if done == "tested":
        return Toast(gettext("Sent. It may take a minute to arrive."), "")
    if done == "reopened":
        return Toast(ngettext("%(num)d address gets emails again.", "%(num)d addresses get emails again.", number), "")
    return None
