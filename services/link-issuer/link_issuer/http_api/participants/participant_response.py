"""Response bodies about participants."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from link_issuer.domain.enrolment import IgnoredField, IgnoredValue
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.enrolment_writing import NamedParticipant
from referral.events.people import ConsentPurpose
from referral.http.responses import Timestamp


class IgnoredValueResponse(Struct):
    """A value that was sent and is not stored, because the person was enrolled before with another."""

    field: Annotated[IgnoredField, Meta(examples=["display_name"])]
    sent: str | None
    stored: Annotated[str | None, Meta(description="null for a device and a contact, which are not shown")]


class ParticipantResponse(Struct):
    """A participant, with the code, link and mention that friends are referred by. What identifies an erased one is null."""

    id: Annotated[str, Meta(examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(examples=["xhs:u42"])]
    display_name: Annotated[str | None, Meta(examples=["Amy"])]
    code: Annotated[str, Meta(examples=["AMY88"])]
    link: Annotated[str, Meta(examples=["https://go.example.com/AMY88"])]
    mention: Annotated[str | None, Meta(examples=["@amy"])]
    language: Annotated[str | None, Meta(description="BCP 47", examples=["zh-CN"])]
    consents: Annotated[list[ConsentPurpose], Meta(description="What they agreed to.")]
    public: Annotated[bool, Meta(description='Whether boards and share pages show their name instead of "a promoter".')]
    partner: Annotated[
        str | None, Meta(description="Which of the program's partners they are; null for a follower.", examples=[None])
    ]
    since: Annotated[
        Timestamp | None, Meta(description="Since when code and mention count, if that is before the enrolment.")
    ] = None
    erased_at: Annotated[
        Timestamp | UnsetType, Meta(description="Only when erased: since then the code leads nowhere.")
    ] = UNSET
    ignored: Annotated[
        list[IgnoredValueResponse] | UnsetType,
        Meta(description="Only when enrolled before with other values: what was not applied. `PATCH` changes it."),
    ] = UNSET


class ParticipantsResponse(Struct):
    """Participants, in the order of the request."""

    participants: list[ParticipantResponse]


EXAMPLE = ParticipantResponse(
    id="psn_3v8k2m9q4t6w1x7z",
    external_id="xhs:u42",
    display_name="Amy",
    code="AMY88",
    link="https://go.example.com/AMY88",
    mention="@amy",
    language="zh-CN",
    consents=["messages"],
    public=True,
    partner=None,
)


def participant_response(named: NamedParticipant, ignored: Sequence[IgnoredValue] = ()) -> ParticipantResponse:
    """The body that describes a participant, with the values of an enrolment that were not applied."""
    participant, profile = named.participant, named.profile
    return ParticipantResponse(
        id=participant.id,
        external_id=profile.external_id if profile else None,
        display_name=profile.display_name if profile else None,
        code=participant.code,
        link=dependencies().link_url(participant.code),
        mention=profile.mention if profile else None,
        language=profile.language if profile else None,
        consents=list(profile.consents) if profile else [],
        public=profile.public if profile else False,
        partner=participant.partner,
        since=participant.since,
        erased_at=participant.erased_at or UNSET,
        ignored=[IgnoredValueResponse(one.field, one.sent, one.stored) for one in ignored] or UNSET,
    )
