"""Which endpoints a record of `deliveries` may have made something due at."""

from collections.abc import Iterator

import msgspec

from referral.log.records import readable_lines

_BY_THE_SYSTEM = ("delivery.scheduled", "delivery.attempted", "message.requested")
_BY_REQUEST = ("delivery.replayed", "endpoint.enabled", "endpoint.disabled")


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
    """Yields a hint for each line that changes what is due."""
    return readable_lines(record, (*_BY_THE_SYSTEM, *_BY_REQUEST), _decode)
