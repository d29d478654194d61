"""People that a search found, as one service answers another."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from flask import Response
from msgspec import Struct

MatchKind = Literal["person_id", "external_id", "code", "mention", "name", "reward_code", "order"]
"""By what a person was found."""


class FoundPerson(Struct, frozen=True):
    """A person, by their person id, and by what they were found."""

    person: str
    match: MatchKind


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[FoundPerson]).decode


def found_response(found: Sequence[FoundPerson]) -> Response:
    """The response with what was found."""
    return Response(_encode(found), mimetype="application/json")


def read_found(body: bytes) -> list[FoundPerson]:
    """What was found, of a response. Raises msgspec.DecodeError."""
    return _decode(body)
