"""Bodies of messages to promoters that are handed over to a platform's webhook: built for each attempt, as all bodies are."""

import asyncio
from typing import TypedDict

import msgspec
from msgspec import UNSET

from referral.events.deliveries import PromoterMessage
from referral.events.promoter_messages import MessageKind
from referral.people.known_people import known_people
from referral.people.people_view import People
from reward_dispatcher.delivery.message_shapes import PromoterData, PromoterMessageMessage
from reward_dispatcher.delivery.message_writer import MessageWriter
from reward_dispatcher.delivery.promoter_facts import PromoterFacts

_encode = msgspec.json.Encoder().encode


class _CommonFields(TypedDict):
    """Fields of PromoterData."""

    program: str
    person: str
    kinds: tuple[MessageKind, ...]


class PromoterBodies:
    """Writes the messages with what is known now; belongs to one event loop."""

    def __init__(self, facts: PromoterFacts, writer: MessageWriter, people: People) -> None:
        self._facts = facts
        self._writer = writer
        self._people = people.snapshot()

    async def build(self, message: PromoterMessage) -> bytes:
        """Returns the body; without words after an erasure, or if nothing of it is true any more. Raises redis's errors."""
        known = known_people([message.person], self._people)[message.person]
        if known is None:
            return _body(message, PromoterData(**_common(message), external_id=None, erased=True))
        rewards = [item.reward for item in message.items if item.reward]
        state = await asyncio.to_thread(self._facts.read, message.program, message.person, rewards)
        written = self._writer.write("", message, self._people.profile(message.person), state)
        data = PromoterData(
            **_common(message),
            external_id=known.external_id,
            erased=False,
            subject=written.subject if written else "",
            text=written.text if written else "",
            url=written.url if written else UNSET,
        )
        return _body(message, data)


def example_promoter_body(message: PromoterMessage) -> bytes:
    """Returns the body of a test message."""
    data = PromoterData(
        **_common(message),
        external_id="example:amy",
        erased=False,
        subject="A friend came through you.",
        text="A friend came through you.",
        test=True,
    )
    return _body(message, data)


def _common(message: PromoterMessage) -> _CommonFields:
    kinds = tuple(dict.fromkeys(item.kind for item in message.items))
    return {"program": message.program, "person": message.person, "kinds": kinds}


def _body(message: PromoterMessage, data: PromoterData) -> bytes:
    return _encode(PromoterMessageMessage(timestamp=message.occurred_at, data=data))
