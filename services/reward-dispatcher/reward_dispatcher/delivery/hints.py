"""Which endpoints a record of `deliveries` may have made something due at."""

from collections.abc import Iterator

import msgspec

from referral.log.records import split

_BY_THE_SYSTEM = ("delivery.scheduled", "delivery.attempted")
_BY_REQUEST = ("delivery.replayed", "endpoint.enabled", "endpoint.disabled")
_PREFIXES = tuple(f'{{"type":"{name}"'.encode() for name in (*_BY_THE_SYSTEM, *_BY_REQUEST))


class Hint(msgspec.Struct):
    """An endpoint; whether the line was written on request: then the worker must know what was changed before."""

    webhook: str
    type: str
    test: bool = False

    @property
    def on_request(self) -> bool:
        """A webhook may have been changed, or its secrets rotated, right before a replay or a test."""
        return self.test or self.type in _BY_REQUEST


_decode = msgspec.json.Decoder(Hint).decode


def hints_of(record: bytes) -> Iterator[Hint]:
    """Yields a hint for each line that changes what is due. A line that cannot be read is left to the fold."""
    for raw in split(record):
        if raw.startswith(_PREFIXES):
            try:
                yield _decode(raw)
            except msgspec.MsgspecError:
                continue
