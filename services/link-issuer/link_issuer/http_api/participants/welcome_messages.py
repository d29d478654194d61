"""Requests the welcome of people who were enrolled: a line of `deliveries`, from which their message follows."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from link_issuer.http_api.dependencies import dependencies
from referral.events.deliveries import MessageRequested
from referral.events.entities import Participant
from referral.events.ids import derive_id
from referral.events.promoter_messages import MessageItem, people_endpoint
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.topics import DELIVERIES

REPEATED_WITHIN = timedelta(minutes=10)
"""How long after an enrolment the same request asks for its welcome again: the first one may have ended in between."""
_encode = msgspec.json.Encoder().encode


def request_welcomes(program: str, participants: Iterable[Participant]) -> None:
    """Requests the welcome of those who were enrolled lately, if the program sends one; returns once that is durable.

    Asking twice leads to one message. Partners get none. Raises NotDurable and Overloaded.
    """
    now = to_datetime(context().clock.now_ms())
    terms = context().catalog.snapshot().program_at(program, context().clock.now_ms())
    if terms is None or terms.program.messages is None or "welcome" not in terms.program.messages.kinds:
        return
    fresh = [one for one in participants if one.partner is None and now - one.recorded_at <= REPEATED_WITHIN]
    lines = [_line(one) for one in fresh]
    if lines:
        publisher = dependencies().redirect_resolver.publisher
        publisher.publish(DELIVERIES, [(line.webhook, _encode(line)) for line in lines])


def _line(participant: Participant) -> MessageRequested:
    return MessageRequested(
        occurred_at=participant.recorded_at,
        program=participant.program,
        webhook=people_endpoint(participant.program, participant.id),
        person=participant.id,
        item=MessageItem(id=derive_id("msi", participant.id, "welcome"), kind="welcome", at=participant.recorded_at),
    )
