"""The fence: the position up to which a partition is folded, stored beside the state and written only together with it."""

import msgspec

from referral.events.line import Cause


class Fence(msgspec.Struct, array_like=True):
    """`offset` of the last folded record, and the highest applied cause of each partition that lines were derived from.

    `set_aside` is how many lines of the partition wait for a retry.
    """

    offset: int = -1
    causes: dict[str, tuple[int, int, int]] = {}
    set_aside: int = 0

    def admits(self, cause: Cause) -> bool:
        """Whether a line with this cause has not been applied yet. A line without a cause (not derived) is always admitted."""
        topic, partition, *position = cause
        return not topic or tuple(position) > self.causes.get(f"{topic}/{partition}", (-1, -1, -1))

    def advance(self, cause: Cause) -> None:
        """Records a cause as applied."""
        topic, partition, offset, line, output = cause
        if topic:
            self.causes[f"{topic}/{partition}"] = (offset, line, output)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fence).decode


def encode(fence: Fence) -> bytes:
    """The fence as stored in Redis, where it is compared byte by byte."""
    return _encode(fence)


def decode(raw: bytes | None) -> Fence:
    """The fence from its stored bytes; if there are none, nothing is folded yet."""
    return _decode(raw) if raw else Fence()
