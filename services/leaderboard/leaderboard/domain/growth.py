"""Followers as they stand: how many somebody brought, how many found the account themselves, and through which
channels.

Each count belongs to the day on which its follow happened, and what is taken back is taken from that same day. So the
counts say who stands now, whatever was said and corrected meanwhile, in any order it came. (How many reversals were
said is no such figure: an unfollow that overtakes its follow leaves nothing to reverse.)
"""

from collections.abc import Iterable

from msgspec import Struct

from referral.events.attributions import Stage


class Growth(Struct, frozen=True, array_like=True, tag="growth"):
    """Who follows, of those who began in a period (or ever); `attributed` and `unattributed` are all of them.

    `channels` splits `attributed` by the channel of the winning evidence, as far as it had one.
    """

    attributed: int = 0
    qualified: int = 0
    unattributed: int = 0
    channels: dict[str, int] = {}

    def plus(self, stage: Stage, number: int, channel: str | None = None) -> "Growth":
        """The same with `number` more of a stage, negative for fewer."""
        counts = {"attributed": self.attributed, "qualified": self.qualified, "unattributed": self.unattributed}
        counts[stage] += number
        through = {channel: number} if channel and stage == "attributed" else {}
        return Growth(**counts, channels=_merge_channels(self.channels, through))

    @property
    def followers(self) -> int:
        """All who follow."""
        return self.attributed + self.unattributed

    @property
    def referral_share(self) -> float:
        """How much of it referrals brought, from 0 to 1; 0 where nobody follows."""
        return self.attributed / self.followers if self.followers else 0.0


class GrowthDays(Struct, frozen=True, array_like=True, tag="days"):
    """Growth by the name of the day, for the days that touch a block (see `blocks`)."""

    days: dict[str, Growth] = {}

    def with_day(self, day: str, growth: Growth) -> "GrowthDays":
        """The same with another count for one day."""
        return GrowthDays({**self.days, day: growth})


class ReferralChannel(Struct, frozen=True, array_like=True, tag="through"):
    """The channel that a referral came through."""

    channel: str


def total(parts: Iterable[Growth]) -> Growth:
    """All of them together."""
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
    """Both together, sorted, without zeros: equal counts are equal bytes."""
    names = sorted({**channels, **more}) if more else channels
    sums = {name: channels.get(name, 0) + more.get(name, 0) for name in names}
    return {name: number for name, number in sums.items() if number}
