"""Response bodies about reported shares."""

from typing import Annotated

from msgspec import Meta, Struct

from link_issuer.domain.share_report import MAX_PRESSES
from referral.events.facts import Channel, ContentShared
from referral.http.responses import Timestamp


class ShareResponse(Struct):
    """A share that is on the log."""

    id: str
    program: str
    person: Annotated[str | None, Meta(description="The platform's id of who shared; null once they were erased.")]
    person_id: Annotated[str, Meta(description="psn_…")]
    channel: Channel
    participant: str | None
    content: str | None
    cta: str | None
    code: str | None
    occurred_at: Timestamp


class ShareTicket(Struct):
    """The token with which a share page may report shares for an hour."""

    token: str
    presses: Annotated[int, Meta(description="How many presses it may report.", ge=MAX_PRESSES, le=MAX_PRESSES)]


class PressResponse(Struct):
    """A press of a share page's button that is on the log. Contains no ids of people."""

    id: str
    occurred_at: Timestamp


def share_response(channel: Channel, line: ContentShared, external_id: str | None) -> ShareResponse:
    """The body that describes a share on `channel` by a person of the platform that was recorded as `line`."""
    return ShareResponse(
        id=line.id,
        program=line.program,
        person=external_id,
        person_id=line.person,
        channel=channel,
        participant=line.data.participant,
        content=line.data.content,
        cta=line.data.cta,
        code=line.data.code,
        occurred_at=line.occurred_at,
    )
