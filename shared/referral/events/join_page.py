"""The join page of a program: where followers enrol themselves."""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.facts import Channel
from referral.events.section import UNIQUE, Localized, Section

JoinProof = Literal["message", "email", "wechat"]
"""How people prove who they are: a code that their account writes, a link to their mailbox, a link in the chat with the account."""


class JoinPage(Section, frozen=True, kw_only=True):
    """Who may join by themselves, and what they agree to."""

    channels: Annotated[
        tuple[Channel, ...],
        Meta(
            min_length=1,
            max_length=5,
            description="the channels whose handles may join, the usual one first",
            examples=[["xiaohongshu"]],
            extra_json_schema=UNIQUE,
            extra={"must_be": "a list of at least one channel"},
        ),
    ]
    consent: Annotated[
        Localized, Meta(description="what a person agrees to by joining: who stores what, why, and how to leave")
    ]
    proofs: Annotated[
        tuple[JoinProof, ...],
        Meta(
            min_length=1,
            max_length=3,
            description="how people prove who they are: a code that they write from their account (message), a link to their"
            " mailbox (email), a link in the chat with the program's WeChat account (wechat)",
            examples=[["message", "email"]],
            extra_json_schema=UNIQUE,
            extra={"must_be": "a list of at least one of message, email, wechat"},
        ),
    ] = ("message",)
