"""What is stored of a response about participants, for a repeated request: their ids. It shows them as they are then."""

import msgspec
from flask import g
from msgspec import Struct

from link_issuer.http_api.participants.enrolment_writing import NamedParticipant
from link_issuer.http_api.participants.participant_response import ParticipantsResponse, participant_response
from referral.events.entities import Participant
from referral.http.context import context

_encode = msgspec.json.Encoder().encode


class _Identified(Struct):
    """A participant in a response."""

    id: str


class _Stored(Struct, omit_defaults=True):
    """The participant of a response, or the participants of a response about many."""

    id: str | None = None
    participants: list[_Identified] | None = None


_decode = msgspec.json.Decoder(_Stored).decode


class StoredParticipants:
    """The form in which a response about participants is stored; see `referral.http.idempotency.StoredForm`."""

    def remove(self, body: bytes) -> bytes:
        """The ids."""
        return _encode(_decode(body))

    def restore(self, body: bytes) -> bytes:
        """The response, with what is known about the participants now."""
        stored = _decode(body)
        if stored.participants is None:
            return _encode(participant_response(_named([stored.id or ""])[0]))
        named = _named([one.id for one in stored.participants])
        return _encode(ParticipantsResponse([participant_response(one) for one in named]))


def _named(ids: list[str]) -> list[NamedParticipant]:
    ctx = context()
    participants, profiles = ctx.catalog.participants_by_id(ids), ctx.people.profiles_by_id(ids)
    return [NamedParticipant(_known(id, participants[id]), profiles[id]) for id in ids]


def _known(id: str, participant: Participant | None) -> Participant:
    if participant is None:
        raise LookupError(f"a response to {g.key.id} named {id}, which the catalog does not have")
    return participant
