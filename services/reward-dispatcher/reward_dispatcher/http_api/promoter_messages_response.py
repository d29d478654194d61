"""The bodies about messages to promoters."""

from typing import Annotated

from msgspec import Meta, Struct

from referral.events.promoter_messages import MessageKind


class MessageResponse(Struct):
    """A kind of message as its reader gets it."""

    kind: MessageKind
    sent: Annotated[bool, Meta(description="whether the program sends it")]
    subject: str
    text: str


class MessagesResponse(Struct):
    """The messages of a program, and what became of those of the last 30 days."""

    program: str
    items: list[MessageResponse]
    waiting: Annotated[int, Meta(description="people for whom a message waits")]
    delivered: Annotated[int, Meta(description="messages that a channel took, the wallet included")]
    failed: Annotated[int, Meta(description="messages that were refused for three days, or may have arrived")]
    missed: Annotated[int, Meta(description="messages of which nothing was true any more, or whose person was erased")]


class TestMailResponse(Struct):
    """A test e-mail that the mail server has accepted."""

    __test__ = False  # pytest collects classes by their names

    program: str
    kind: MessageKind
    subject: str
