"""The channels that are always there: webhooks that ask for messages to people, and the wallet itself."""

from collections.abc import Awaitable, Callable

import msgspec

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.deliveries import DeliveryScheduled
from referral.events.entities import Webhook
from referral.events.promoter_messages import ChannelName
from referral.events.timestamps import to_datetime
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.channels import Commit, Recipient, WrittenMessage

MESSAGE_TYPE = "promoter.message"
_encode = msgspec.json.Encoder().encode


class WebhookChannel:
    """Hands messages over to the platform, which informs the person: to each webhook that names `promoter.message` in its events.

    There the message is a delivery of its own, under the same id however often it is handed over.
    """

    name: ChannelName = "webhook"

    def __init__(self, catalog: Catalog, write: Callable[[str, bytes], Awaitable[int]], clock: Clock) -> None:
        self._catalog = catalog
        self._write = write
        self._clock = clock

    def is_open(self, recipient: Recipient) -> bool:
        """Whether a webhook of the program takes such messages, and the person agreed."""
        return recipient.agreed and bool(self._webhooks(recipient.program))

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Schedules the message at each webhook."""
        await commit()
        for webhook in self._webhooks(recipient.program):
            line = DeliveryScheduled(
                occurred_at=to_datetime(self._clock.now_ms()),
                program=recipient.program,
                webhook=webhook.id,
                message=message.id,
                content=message.content,
            )
            await self._write(webhook.id, _encode(line))
        return AttemptResult("accepted")

    def _webhooks(self, program: str) -> list[Webhook]:
        return [one for one in self._catalog.webhooks(program) if MESSAGE_TYPE in one.events and not one.removed]


class WalletChannel:
    """The wallet shows the message the next time that it is opened; a person who agreed to no messages reads it there."""

    name: ChannelName = "wallet"

    def is_open(self, recipient: Recipient) -> bool:
        """Always."""
        return True

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Nothing is sent: the state that the wallet reads has the message already."""
        await commit()
        return AttemptResult("accepted")
