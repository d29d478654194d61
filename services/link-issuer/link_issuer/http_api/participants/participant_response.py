"""Response bodies about participants."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from link_issuer.domain.enrolment import IgnoredField, IgnoredValue
from link_issuer.http_api.dependencies import dependencies
from referral.events.entities import Participant
from referral.http.responses import Timestamp


class IgnoredValueResponse(Struct):
    """A value that was sent and is not stored, because the person was enrolled before with another."""

    field: Annotated[IgnoredField, Meta(examples=["display_name"])]
    sent: str | None
    stored: str | None


class ParticipantResponse(Struct):
    """A participant, with the code, link and mention that friends are referred by."""

    id: Annotated[str, Meta(examples=["par_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str, Meta(examples=["xhs:u42"])]
    display_name: Annotated[str, Meta(examples=["Amy"])]
    code: Annotated[str, Meta(examples=["AMY88"])]
    link: Annotated[str, Meta(examples=["https://go.example.com/AMY88"])]
    mention: Annotated[str | None, Meta(examples=["@amy"])]
    partner: Annotated[
        str | None, Meta(description="Which of the program's partners they are; null for a follower.", examples=[None])
    ]
    since: Annotated[
        Timestamp | None, Meta(description="Since when code and mention count, if that is before the enrolment.")
    ] = None
    ignored: Annotated[
        list[IgnoredValueResponse] | UnsetType,
        Meta(description="Only when enrolled before with other values: what was not applied. `PATCH` changes it."),
    ] = UNSET


class ParticipantsResponse(Struct):
    """Participants, in the order of the request."""

    participants: list[ParticipantResponse]


EXAMPLE = ParticipantResponse(
    id="par_3v8k2m9q4t6w1x7z",
    external_id="xhs:u42",
    display_name="Amy",
    code="AMY88",
    link="https://go.example.com/AMY88",
    mention="@amy",
    partner=None,
)


def participant_response(participant: Participant, ignored: Sequence[IgnoredValue] = ()) -> ParticipantResponse:
    """The body that describes a participant, with the values of an enrolment that were not applied."""
    return ParticipantResponse(
        id=participant.id,
        external_id=participant.external_id,
        display_name=participant.shown_name,
        code=participant.code,
        link=dependencies().link_url(participant.code),
        mention=participant.mention,
        partner=participant.partner,
        since=participant.since,
        ignored=[IgnoredValueResponse(one.field, one.sent, one.stored) for one in ignored] or UNSET,
    )
