"""The form in which answers about operators' decisions are stored for their Idempotency-Key: they identify no person."""

import msgspec
from flask import request

from conversion_tracker.named_person import named_person
from referral.http.context import context

_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


class StoredDecision:
    """A `referral.http.idempotency.StoredForm` without external id, and without the note, which the repeated request has too."""

    def remove(self, body: bytes) -> bytes:
        """The decision and the person id."""
        answer = _decode(body)
        return _encode({name: value for name, value in answer.items() if name not in ("note", "external_id")})

    def restore(self, body: bytes) -> bytes:
        """The answer; a person who was erased since then has no external id, and no note is repeated about them."""
        answer = _decode(body)
        note = str((request.get_json(silent=True) or request.args).get("note", ""))
        if "person" not in answer:
            return _encode(answer | {"note": note})
        person = str(answer["person"])
        erased = context().people.is_erased(person)
        external_id = None if erased else named_person(person, context().people).external_id
        return _encode(answer | {"external_id": external_id, "note": None if erased else note})
