"""Response fields never stored for idempotent replay (secrets)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class SecretField:
    """A field of a JSON response that is not stored; `recover` returns its value, given the rest of the response."""

    field: str
    recover: Callable[[Mapping[str, object]], object]

    def remove(self, body: bytes) -> bytes:
        """Returns the body without the field."""
        return _encode({name: value for name, value in _decode(body).items() if name != self.field})

    def restore(self, body: bytes) -> bytes:
        """Returns the body with the field. Raises what `recover` raises."""
        stored = _decode(body)
        return _encode(stored | {self.field: self.recover(stored)})
