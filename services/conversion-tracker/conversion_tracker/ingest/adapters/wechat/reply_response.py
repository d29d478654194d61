"""Replies to a callback within WeChat's five seconds: at once if everything that the reply names is known in time.

What is not ready, and posters, are promised as lines of `deliveries`: reward-dispatcher sends them as customer messages. A repeated
callback gets the same reply, and its lines have the same ids.
"""

import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
import structlog
from flask import Response

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.wechat.authentication import reply_keys
from conversion_tracker.ingest.adapters.wechat.callback import (
    Callback,
    callback_id,
    external_id,
    occasion_of,
    opening_of,
)
from conversion_tracker.ingest.adapters.wechat.cipher import encrypt
from conversion_tracker.ingest.adapters.wechat.passive_reply import card_reply, encrypted_reply, text_reply
from conversion_tracker.ingest.adapters.wechat.store import CallbackStore
from referral.events.deliveries import (
    DeliveryFact,
    DeliveryScheduled,
    OpeningReason,
    WechatConsentGiven,
    WechatConsentsEnded,
    WechatLeft,
    WechatOpened,
    WechatReplyPromised,
    delivery_key,
    wechat_endpoint,
)
from referral.events.ids import derive_id
from referral.events.people import PeopleEntity, Person, people_key
from referral.events.program import Program
from referral.events.promoter_messages import people_endpoint
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.people.people_record import people_records
from referral.telemetry.metrics import counter
from referral.topics import DELIVERIES
from referral.wechat.account_replies import (
    ChosenReply,
    NewsCard,
    Promoter,
    choose_reply,
    needs_friends,
    needs_promoter,
    reply_card,
    reply_text,
)
from referral.wechat.promoters import PromoterUnknown

ANSWER_WITHIN_S = 4.5
"""WeChat waits five seconds."""
_WRITING_S = 1.9  # what the write to the log may take
_LOOKUP_S = 1.5  # for each question to another service
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class ImmediateReply(msgspec.Struct, frozen=True):
    """A reply without whom it is for; neither a text nor a card: everything was promised."""

    text: str | None = None
    card: NewsCard | None = None


class Conversation(NamedTuple):
    """A callback with its program, the sender's person id, and when the response must be ready (monotonic seconds)."""

    callback: Callback
    program: Program
    person: str
    deadline: float

    def seconds_left(self) -> float:
        """For a question to another service."""
        return min(_LOOKUP_S, self.deadline - _WRITING_S - time.monotonic())


_decode_reply = msgspec.json.Decoder(ImmediateReply).decode


def begin_conversation(callback: Callback, program: Program, started_s: float) -> Conversation:
    """The conversation of a callback that arrived at `started_s` (monotonic)."""
    person = context().pseudonyms.person_id(program.id, external_id(callback))
    return Conversation(callback, program, person, started_s + ANSWER_WITHIN_S)


def answer(talk: Conversation) -> ImmediateReply | None:
    """Returns the reply, once what follows later is durable; None if there is none. Raises NotDurable and Overloaded."""
    store, id = CallbackStore(context().redis), callback_id(talk.callback, talk.person)
    if (kept := store.reply(id)) is not None:
        counter("wechat_replies").labels("repeated").inc()
        return _decode_reply(kept)
    occasion = occasion_of(talk.callback)
    chosen = choose_reply(talk.program, *occasion) if occasion else None
    reply = _immediate(chosen, talk) if chosen else None
    _publish(list(_lines(talk, chosen, reply)), talk)
    if chosen is None or reply is None:
        return None
    is_ready = reply.text is not None or reply.card is not None
    counter("wechat_replies").labels("immediate" if is_ready else "promised").inc()
    store.keep_reply(id, _encode(reply).decode())
    return reply


def answer_with_text(talk: Conversation, text: str) -> ImmediateReply:
    """Returns this text as the reply, once the opening is durable. It is kept nowhere. Raises NotDurable and Overloaded."""
    _publish(list(_lines(talk, None, None)), talk)
    counter("wechat_replies").labels("immediate").inc()
    return ImmediateReply(text)


def render(reply: ImmediateReply | None, callback: Callback, program: Program, *, encrypted: bool) -> Response:
    """The response: the reply as XML, encrypted if the callback was; `success` without one."""
    if reply is None or (reply.text is None and reply.card is None):
        return Response("success", mimetype="text/plain")
    at_s = callback.created_s  # a repeated reply is the same
    xml = card_reply(callback, reply.card, at_s) if reply.card else text_reply(callback, reply.text or "", at_s)
    if encrypted:
        token, key = reply_keys(program.id)
        sealed = encrypt(xml.encode(), program.wechat.appid or "", key)
        xml = encrypted_reply(sealed, token, context().clock.now_ms() // 1000, secrets.token_hex(8))
    return Response(xml, mimetype="text/xml")


def _immediate(chosen: ChosenReply, talk: Conversation) -> ImmediateReply:
    """What can be answered now; empty if something that the reply names is not known in time."""
    reply = chosen.reply
    try:
        promoter = _enrol(talk) if needs_promoter(reply) else None
        friends = _friends(talk) if needs_friends(reply) else None
    except PromoterUnknown as error:
        log.info("reply is sent later", program=talk.program.id, reason=str(error))
        return ImmediateReply()
    if reply.news is not None:
        return ImmediateReply(card=reply_card(reply.news, promoter))
    return ImmediateReply(reply_text(reply, talk.program, promoter, friends))


def _enrol(talk: Conversation) -> Promoter:
    """The sender as a participant. Raises PromoterUnknown."""
    _write_person(talk)
    now_ms = context().clock.now_ms()
    return dependencies().promoters.enrol(talk.program.id, talk.person, now_ms, talk.seconds_left())


def _friends(talk: Conversation) -> int:
    now_ms = context().clock.now_ms()
    return dependencies().promoters.friends(talk.program.id, talk.person, now_ms, talk.seconds_left())


def _lines(talk: Conversation, chosen: ChosenReply | None, reply: ImmediateReply | None) -> Iterator[DeliveryFact]:
    """What the callback means for messages: the opening, or that the person left, and what was promised."""
    callback, program = talk.callback, talk.program
    if program.wechat.appid is None:
        return
    endpoint, at = wechat_endpoint(program.id), to_datetime(callback.created_s * 1000)
    yield from _consent_lines(talk, at)
    if callback.event == "unsubscribe":
        yield WechatLeft(occurred_at=at, program=program.id, webhook=endpoint, person=talk.person)
    by = opening_of(callback)
    if by is None:
        return
    yield WechatOpened(occurred_at=at, program=program.id, webhook=endpoint, person=talk.person, by=by)
    if chosen is None or reply is None:
        return
    has_words = chosen.reply.text is not None or chosen.reply.news is not None
    if has_words and reply.text is None and reply.card is None:
        yield _promise(talk, chosen, by, "text")
    if chosen.reply.poster:
        yield _promise(talk, chosen, by, "poster")


def _consent_lines(talk: Conversation, at: datetime) -> Iterator[DeliveryFact]:
    """What the callback means for subscription messages of the program's template. A refused request takes nothing back."""
    callback, rules = talk.callback, talk.program.wechat.subscription
    if rules is None:
        return
    person, program = talk.person, talk.program.id
    endpoint = people_endpoint(program, person)
    if callback.event == "unsubscribe":
        yield WechatConsentsEnded(occurred_at=at, program=program, webhook=endpoint, person=person)
    for one in callback.answers:
        about = {"occurred_at": at, "program": program, "webhook": endpoint, "person": person, "template": one.template}
        if one.template != rules.template:
            continue
        if callback.event == "subscribe_msg_popup_event" and one.accepted:
            yield WechatConsentGiven(**about)  # type: ignore[arg-type]
        elif callback.event == "subscribe_msg_change_event" and not one.accepted:
            yield WechatConsentsEnded(**about)  # type: ignore[arg-type]


def _promise(
    talk: Conversation, chosen: ChosenReply, by: OpeningReason, part: Literal["text", "poster"]
) -> DeliveryScheduled:
    now, program = to_datetime(context().clock.now_ms()), talk.program.id
    promised = WechatReplyPromised(
        occurred_at=now,
        program=program,
        person=talk.person,
        by=by,
        opened_at=to_datetime(talk.callback.created_s * 1000),
        to=chosen.occasion,
        keyword=chosen.keyword,
        part=part,
    )
    return DeliveryScheduled(
        occurred_at=now,
        program=program,
        webhook=wechat_endpoint(program),
        message=derive_id("msg", callback_id(talk.callback, talk.person), part),
        content=promised,
    )


def _publish(lines: list[DeliveryFact], talk: Conversation) -> None:
    if lines:
        keyed = [(delivery_key(line), _encode(line)) for line in lines]
        dependencies().publisher.publish(DELIVERIES, keyed, people_records(_unknown_people(talk)))


def _write_person(talk: Conversation) -> None:
    """Writes who a sender is of whom there was no event, so that link-issuer can enrol them."""
    if unknown := _unknown_people(talk):
        dependencies().publisher.publish(DELIVERIES, [], people_records(unknown))


def _unknown_people(talk: Conversation) -> dict[str, PeopleEntity]:
    if context().people.snapshot().person(talk.person) is not None:
        return {}
    now = to_datetime(context().clock.now_ms())
    person = Person(id=talk.person, program=talk.program.id, recorded_at=now, external_id=external_id(talk.callback))
    return {people_key(person): person}
