"""How many customer messages a WeChat account may still send to a person, and until when. Pure.

A follow, a scan or a menu click allows 3 messages within a minute, a message of the person's 5 within 48 hours (read 2026-11):
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html

WeChat does not document whether the messages of several openings add up. Here each message counts against every opening that came
before it, so the account stays within its allowance in either case.
"""

from msgspec import Struct
from msgspec.structs import replace

from referral.events.deliveries import OpeningReason

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LIMITS: dict[OpeningReason, tuple[int, int]] = {
    "followed": (3, MINUTE_MS),
    "scanned": (3, MINUTE_MS),
    "clicked": (3, MINUTE_MS),
    "wrote": (5, 48 * HOUR_MS),
}
"""By what the person did: how many messages, within how long (ms)."""
MARGIN_MS = 5_000
"""An opening counts as over so long before its end: a message takes time, and WeChat has a clock of its own."""
KEPT_MS = max(length for _, length in LIMITS.values())
_MOST_SENT = max(most for most, _ in LIMITS.values())


class Allowance(Struct, frozen=True, array_like=True):
    """The newest opening of each kind, and when the newest messages were taken, oldest first. Times are ms since the epoch.

    `closed_ms` is when the person left the account: openings from before it are over.
    """

    openings: dict[OpeningReason, int] = {}
    taken: tuple[int, ...] = ()
    closed_ms: int = -1


def open_channel(allowance: Allowance, by: OpeningReason, at_ms: int) -> Allowance:
    """Returns the allowance after the person did something. The same opening, or an older one, changes nothing."""
    newest = max(at_ms, allowance.openings.get(by, at_ms))
    return replace(allowance, openings={**allowance.openings, by: newest})


def close_channel(allowance: Allowance, at_ms: int) -> Allowance:
    """Returns the allowance after the person left the account."""
    return replace(allowance, closed_ms=max(allowance.closed_ms, at_ms))


def messages_left(allowance: Allowance, now_ms: int) -> int:
    """Returns how many messages may be sent at this time."""
    return max((_rest(allowance, by, at_ms, now_ms) for by, at_ms in allowance.openings.items()), default=0)


def take_message(allowance: Allowance, now_ms: int) -> Allowance | None:
    """Returns the allowance after one message more; None if none is left. Whether it arrives does not count."""
    if not messages_left(allowance, now_ms):
        return None
    return replace(allowance, taken=(*allowance.taken, now_ms)[-_MOST_SENT:])


def _rest(allowance: Allowance, by: OpeningReason, opened_ms: int, now_ms: int) -> int:
    """What is left of one opening. A message up to the margin before it counts, too: clocks differ."""
    most, length_ms = LIMITS[by]
    is_open = allowance.closed_ms < opened_ms and now_ms < opened_ms + length_ms - MARGIN_MS
    sent = sum(taken_ms >= opened_ms - MARGIN_MS for taken_ms in allowance.taken)
    return max(0, most - sent) if is_open else 0
