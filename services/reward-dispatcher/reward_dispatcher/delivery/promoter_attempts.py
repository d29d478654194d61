"""Makes attempts to reach promoters: by the first channel that is open, once.

The line `delivery.started` is on the log before a message may arrive. After a crash in between, the attempt is recorded as
`unconfirmed` and not repeated.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import msgspec

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.deliveries import ChannelClosed, DeliveryStarted, PromoterMessage
from referral.events.promoter_messages import ChannelName
from referral.events.timestamps import to_datetime, to_ms
from referral.people.known_people import known_people
from referral.people.people_view import People
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.channels import MessageChannel, Recipient, WrittenMessage
from reward_dispatcher.delivery.message_writer import MessageWriter
from reward_dispatcher.delivery.promoter_facts import NotFoldedYet, PromoterFacts, PromoterState
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.domain.quiet_hours import end_of_quiet_hours

WriteDelivery = Callable[[str, bytes], Awaitable[int]]
_encode = msgspec.json.Encoder().encode


class PromoterAttempts:
    """Belongs to one event loop. `channels` are in the order of preference; `write` writes a line of an endpoint."""

    def __init__(
        self,
        channels: Sequence[MessageChannel],
        facts: PromoterFacts,
        writer: MessageWriter,
        people: People,
        catalog: Catalog,
        write: WriteDelivery,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._facts = facts
        self._writer = writer
        self._people = people.snapshot()
        self._catalog = catalog
        self._write = write
        self._clock = clock

    def opens_ms(self, program: str) -> int:
        """Returns when messages of a program may be sent: now, or at the end of its quiet hours (ms)."""
        now_ms = self._clock.now_ms()
        terms = self._catalog.program_at(program, now_ms)
        if terms is None or terms.program.messages is None:
            return now_ms
        return end_of_quiet_hours(now_ms, terms.program.messages.quiet_hours, terms.program.timezone)

    async def attempt(self, delivery: MessageDelivery) -> AttemptResult:
        """Returns how an attempt ended; `missed` if the person was erased, or nothing of the message is true any more.

        Raises redis's errors, and NotFoldedYet.
        """
        message = delivery.content
        if not isinstance(message, PromoterMessage):
            return AttemptResult("missed")
        if delivery.may_have_arrived:
            return AttemptResult("unconfirmed")
        rewards = [item.reward for item in message.items if item.reward]
        state = await asyncio.to_thread(self._facts.read, message.program, message.person, rewards)
        if unknown := set(rewards) - state.accounts.keys():
            raise NotFoldedYet(f"the ledger has no account of {min(unknown)} yet")
        recipient = self._recipient(message, state)
        if recipient is None:
            return AttemptResult("missed")
        written = self._writer.write(delivery.id, message, recipient.profile, state)
        return AttemptResult("missed") if written is None else await self._send(delivery, recipient, written)

    def _recipient(self, message: PromoterMessage, state: PromoterState) -> Recipient | None:
        """The person as they are known now; None for someone who was erased."""
        known = known_people([message.person], self._people)[message.person]
        if known is None:
            return None
        profile = self._people.profile(message.person)
        closed_ms = state.outbox.email_closed_ms
        is_open = closed_ms is None or (profile is not None and to_ms(profile.recorded_at) > closed_ms)
        return Recipient(
            program=message.program,
            person=message.person,
            external_id=known.external_id,
            profile=profile,
            email_open=is_open,
            consents=state.outbox.consents,
        )

    async def _send(self, delivery: MessageDelivery, recipient: Recipient, written: WrittenMessage) -> AttemptResult:
        """Tries the open channels in turn, until one has taken the message, or may take it later."""
        for channel in self._channels:
            if not channel.is_open(recipient):
                continue
            result = await channel.send(recipient, written, partial(self._begin, delivery, channel.name))
            if result.outcome == "gone":
                await self._close(delivery, recipient, channel.name)
            if result.outcome not in ("gone", "unsent"):
                return replace(result, channel=channel.name)
        return AttemptResult("missed")

    async def _begin(self, delivery: MessageDelivery, channel: ChannelName, *, template: str | None = None) -> None:
        items = delivery.content.items if isinstance(delivery.content, PromoterMessage) else ()
        line = DeliveryStarted(
            occurred_at=to_datetime(self._clock.now_ms()),
            program=delivery.content.program,
            webhook=delivery.webhook,
            message=delivery.id,
            number=delivery.attempts + 1,
            channel=channel,
            items=len(items),
            template=template,
        )
        await self._write(delivery.webhook, _encode(line))

    async def _close(self, delivery: MessageDelivery, recipient: Recipient, channel: ChannelName) -> None:
        line = ChannelClosed(
            occurred_at=to_datetime(self._clock.now_ms()),
            program=recipient.program,
            webhook=delivery.webhook,
            person=recipient.person,
            channel=channel,
            reason="bounced",
        )
        await self._write(delivery.webhook, _encode(line))
