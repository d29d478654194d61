"""What an answer tells once and no store may keep: a secret. A replay finds it again where it is at home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class SecretField:
    """A field of a JSON answer that is not kept for replay; `again` gives it, by the rest of the answer."""

    field: str
    again: Callable[[Mapping[str, object]], object]

    def remove(self, body: bytes) -> bytes:
        """The body without the field."""
        return _encode({name: value for name, value in _decode(body).items() if name != self.field})

    def restore(self, body: bytes) -> bytes:
        """The body as it was. Raises what `again` raises."""
        kept = _decode(body)
        return _encode(kept | {self.field: self.again(kept)})
