"""Requests the message to a person who was thanked: a line of `deliveries`, from which it follows."""

import msgspec

from leaderboard.http_api.dependencies import dependencies
from referral.events.deliveries import MessageRequested
from referral.events.ids import derive_id
from referral.events.promoter_messages import MessageItem, people_endpoint
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.topics import DELIVERIES

_encode = msgspec.json.Encoder().encode


def request_thank_you(program: str, person: str, day: str) -> None:
    """Requests the message if the program sends one; returns once that is durable. Two requests for a day lead to one message.

    Raises NotDurable and Overloaded.
    """
    now_ms = context().clock.now_ms()
    terms = context().catalog.snapshot().program_at(program, now_ms)
    if terms is None or terms.program.messages is None or "thank_you" not in terms.program.messages.kinds:
        return
    now, endpoint = to_datetime(now_ms), people_endpoint(program, person)
    item = MessageItem(id=derive_id("msi", person, "thank_you", day), kind="thank_you", at=now)
    line = MessageRequested(occurred_at=now, program=program, webhook=endpoint, person=person, item=item)
    dependencies().publisher.publish(DELIVERIES, [(endpoint, _encode(line))])
