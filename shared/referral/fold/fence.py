"""The fence: the position up to which a partition is folded, stored beside the state and written only together with it."""

import msgspec

from referral.events.line import Cause

_BEFORE_ALL = -1, -1, -1


class Fence(msgspec.Struct, array_like=True):
    """`offset` of the last folded record, and the highest applied cause of each partition that lines were derived from.

    `set_aside` is how many lines of the partition wait for a retry.
    """

    offset: int = -1
    causes: dict[str, tuple[int, int, int]] = {}
    set_aside: int = 0

    def take(self, cause: Cause) -> bool:
        """Whether a line with this cause has not been applied yet; it counts as applied from now on.

        A line without a cause (not derived) is always taken.
        """
        if not cause[0]:
            return True
        source, place = f"{cause[0]}/{cause[1]}", cause[2:]
        if place <= self.causes.get(source, _BEFORE_ALL):
            return False
        self.causes[source] = place
        return True


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fence).decode


def encode(fence: Fence) -> bytes:
    """The fence as stored in Redis, where it is compared byte by byte."""
    return _encode(fence)


def decode(raw: bytes | None) -> Fence:
    """The fence from its stored bytes; if there are none, nothing is folded yet."""
    return _decode(raw) if raw else Fence()
