"""How a message reaches a promoter: the interface of a channel. The first channel that is open gets the message."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from referral.events.deliveries import PromoterMessage
from referral.events.people import Profile
from referral.events.promoter_messages import ChannelName
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.domain.wechat_consents import Consents


class Commit(Protocol):
    """Await it right before the point from which the message may arrive: it returns once that is on the log.

    From then on the message is not sent again, unless its attempt is seen to fail. Raises nothing; it waits while Kafka is
    unavailable.
    """

    def __call__(self, *, template: str | None = None) -> Awaitable[None]:
        """Writes that the attempt begins; `template` is that of the consent which it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A promoter as known for this attempt. `profile` is None for someone who gave nothing about themselves.

    `email_open`: no mail server refused their address since they gave it. `consents` are those to subscription messages of WeChat.
    """

    program: str
    person: str
    external_id: str
    profile: Profile | None
    email_open: bool = True
    consents: Consents = ()

    @property
    def agreed(self) -> bool:
        """Whether they want messages."""
        return self.profile is not None and "messages" in self.profile.consents


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMessage:
    """A message in the words and the language of its recipient. `id` is the same in each attempt; `url` leads to their wallet.

    `unsubscribe` is the address that ends the messages, `footer` says so in words.
    """

    id: str
    content: PromoterMessage
    subject: str
    text: str
    url: str
    unsubscribe: str = ""
    footer: str = ""


class MessageChannel(Protocol):
    """One way to reach promoters; belongs to one event loop."""

    name: ChannelName

    def is_open(self, recipient: Recipient) -> bool:
        """Whether a message may be sent to the recipient now. Raises nothing."""

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Returns how the attempt ended; `unsent`: the next open channel is tried. Raises LogUnavailable before `commit` alone."""
