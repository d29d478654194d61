"""The fence: the position up to which a partition is folded, kept beside the state and moved only together with it."""

import msgspec

from referral.events.line import Cause


class Fence(msgspec.Struct, array_like=True):
    """`offset` of the last record folded, and for every partition that lines were derived from the highest cause applied."""

    offset: int = -1
    causes: dict[str, tuple[int, int, int]] = {}

    def admits(self, cause: Cause) -> bool:
        """Whether a line with this cause is news. A line that nothing derived (no cause) always is."""
        topic, partition, *place = cause
        return not topic or tuple(place) > self.causes.get(f"{topic}/{partition}", (-1, -1, -1))

    def advance(self, cause: Cause) -> None:
        """Remembers a cause as applied."""
        topic, partition, offset, line, output = cause
        if topic:
            self.causes[f"{topic}/{partition}"] = (offset, line, output)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fence).decode


def encode(fence: Fence) -> bytes:
    """The fence as it lies in Redis; compared byte by byte."""
    return _encode(fence)


def decode(raw: bytes | None) -> Fence:
    """The fence that these bytes say; nothing folded yet where there are none."""
    return _decode(raw) if raw else Fence()
