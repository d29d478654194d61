"""What is stored of the answer to a correction, for a repeated request: program and person id. A replay has what is known now."""

import msgspec
from msgspec import Struct

from link_issuer.http_api.people.export_response import corrected_person
from link_issuer.http_api.people.person_lookup import stored_records

_encode = msgspec.json.Encoder().encode


class _CorrectionKey(Struct):
    program: str
    id: str


_decode = msgspec.json.Decoder(_CorrectionKey).decode


class StoredCorrection:
    """The form in which the answer is stored; see `referral.http.idempotency.StoredForm`."""

    def remove(self, body: bytes) -> bytes:
        """Program and person id."""
        return _encode(_decode(body))

    def restore(self, body: bytes) -> bytes:
        """The answer, with what is stored about the person now."""
        stored = _decode(body)
        return _encode(corrected_person(stored.program, stored.id, stored_records(stored.program, stored.id)))
