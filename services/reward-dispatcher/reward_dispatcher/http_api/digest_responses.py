"""The bodies about digests to a growth team."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from referral.events.promoter_messages import DigestKind
from referral.http.responses import Timestamp


class DigestTargetResponse(Struct):
    """Where digests go, without the address, which is a secret."""

    kind: DigestKind
    since: Annotated[Timestamp, Meta(description="when the target was set")]


class DigestsResponse(Struct):
    """The digests of a program."""

    program: str
    sent: Annotated[bool, Meta(description="whether the program file has `messages.digest`")]
    items: Annotated[list[DigestTargetResponse], Meta(description="the targets that are set")]


class DigestTestResponse(Struct):
    """A digest that its target has accepted."""

    program: str
    kind: DigestKind
    first: Annotated[date, Meta(description="the first day that it is about")]
    last: Annotated[date, Meta(description="the last day, included")]
    status: Annotated[int | None, Meta(description="the status of a chat's answer; null for an e-mail")]
