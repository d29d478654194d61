"""Current followers: how many were referred, how many came without a referral, and through which channels.

Each count belongs to the day of the follow, and a reversal is subtracted from that same day. The counts therefore show who follows
now, whatever was corrected since and in whatever order. (The number of reversals is not such a figure: an unfollow that overtakes
its follow leaves nothing to reverse.)
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from referral.events.attributions import Stage

UNKNOWN_CHANNEL = "unknown"  # of referrals whose evidence, such as a code, does not name a channel


class Growth(Struct, frozen=True, array_like=True):
    """Current followers who began to follow in a period, or ever: `attributed` plus `unattributed`.

    `channels` splits `attributed` by the channel of the winning evidence, if it had one; `by_channel` has the rest as well.
    """

    attributed: int = 0
    qualified: int = 0
    unattributed: int = 0
    channels: dict[str, int] = {}

    def plus(self, stages: Sequence[Stage], number: int, channel: str | None = None) -> "Growth":
        """Returns the counts with `number` more of each stage (negative: fewer). `channel` is that of the attribution."""
        channels, attributed = self.channels, number if "attributed" in stages else 0
        if attributed and channel:
            channels = _merge_channels(channels, {channel: attributed})
        return Growth(
            self.attributed + attributed,
            self.qualified + number if "qualified" in stages else self.qualified,
            self.unattributed + number if "unattributed" in stages else self.unattributed,
            channels,
        )

    def minus(self, other: "Growth") -> "Growth":
        """Returns these counts without others that are part of them."""
        return Growth(
            self.attributed - other.attributed,
            self.qualified - other.qualified,
            self.unattributed - other.unattributed,
            _merge_channels(self.channels, {name: -number for name, number in other.channels.items()}),
        )

    @property
    def by_channel(self) -> dict[str, int]:
        """`attributed` by channel; the parts add up to it."""
        unknown = self.unknown_channel
        return self.channels | ({UNKNOWN_CHANNEL: unknown} if unknown else {})

    @property
    def unknown_channel(self) -> int:
        """Those of `attributed` whose evidence names no channel."""
        return self.attributed - sum(self.channels.values())

    @property
    def followers(self) -> int:
        """All who follow."""
        return self.attributed + self.unattributed


class GrowthDays(Struct, frozen=True, array_like=True, tag="days"):
    """Growth by name of the day, for the days of a bucket (`day_buckets`)."""

    days: dict[str, Growth] = {}

    def with_day(self, day: str, growth: Growth) -> "GrowthDays":
        """Returns the bucket with another count for one day."""
        return GrowthDays({**self.days, day: growth})


def total(parts: Iterable[Growth]) -> Growth:
    """Returns the sum."""
    whole = Growth()
    for part in parts:
        whole = Growth(
            whole.attributed + part.attributed,
            whole.qualified + part.qualified,
            whole.unattributed + part.unattributed,
            _merge_channels(whole.channels, part.channels),
        )
    return whole


def _merge_channels(channels: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """The sums, sorted and without zeros, so that equal counts are equal bytes."""
    sums = dict(channels)
    for name, number in more.items():
        sums[name] = sums.get(name, 0) + number
    if sums.keys() == channels.keys() and all(sums.values()):
        return sums
    return {name: number for name, number in sorted(sums.items()) if number}
