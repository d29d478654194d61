"""Current followers: how many were referred, how many came without a referral, and through which channels.

Each count belongs to the day of the follow, and a reversal is subtracted from that same day. The counts therefore show who follows
now, whatever was corrected since and in whatever order. (The number of reversals is not such a figure: an unfollow that overtakes
its follow leaves nothing to reverse.)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from referral.events.attributions import Stage

UNKNOWN_CHANNEL = "unknown"  # of referrals whose evidence, such as a code, does not name a channel
PartKind = Literal["content", "cta", "partner"]
MAX_PARTS: Mapping[PartKind, int] = {"content": 30, "cta": 60, "partner": 30}
"""How many content items, calls to action and partners of a day are counted by name, which bounds the state."""
AGES = (1, 7, 30)
"""The ages, in days since the follow, at which it is counted who still follows."""
_DAY_S = 86_400


class Growth(Struct, frozen=True, array_like=True, gc=False):
    """Current followers who began to follow in a period, or ever: `attributed` plus `unattributed`.

    `channels` splits `attributed` by the channel of the winning evidence, if it had one; `by_channel` has the rest as well.
    `parts` counts those of `attributed` with a content item, call to action or partner, by `part_name`. `left` counts the people
    who began in the period and unfollowed, by `departure`: they are in no other count.
    """

    attributed: int = 0
    qualified: int = 0
    unattributed: int = 0
    channels: dict[str, int] = {}
    left: dict[str, int] = {}
    parts: dict[str, int] = {}

    def plus(
        self, stages: Sequence[Stage], number: int, channel: str | None = None, parts: Sequence[str] = ()
    ) -> "Growth":
        """Returns the counts with `number` more of each stage (negative: fewer). Channel and parts are those of the attribution."""
        attributed = number if "attributed" in stages else 0
        return Growth(
            self.attributed + attributed,
            self.qualified + number if "qualified" in stages else self.qualified,
            self.unattributed + number if "unattributed" in stages else self.unattributed,
            _merge_counts(self.channels, {channel: attributed}) if attributed and channel else self.channels,
            self.left,
            _merge_parts(self.parts, parts, attributed) if attributed and parts else self.parts,
        )

    def with_departure(self, name: str) -> "Growth":
        """Returns the counts with one more person who has left."""
        return replace(self, left=_merge_counts(self.left, {name: 1}))

    def minus(self, other: "Growth") -> "Growth":
        """Returns these counts without others that are part of them.

        Of a day beyond MAX_PARTS the others may count a name that these do not have: it is left out, not negative.
        """
        return Growth(
            self.attributed - other.attributed,
            self.qualified - other.qualified,
            self.unattributed - other.unattributed,
            _merge_counts(self.channels, _negative(other.channels)),
            _merge_counts(self.left, _negative(other.left)),
            {name: rest for name, number in self.parts.items() if (rest := number - other.parts.get(name, 0)) > 0},
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


class GrowthDays(Struct, frozen=True, array_like=True, tag="days", gc=False):
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
            _merge_counts(whole.channels, part.channels),
            _merge_counts(whole.left, part.left),
            _merge_counts(whole.parts, part.parts),
        )
    return whole


def part_name(kind: PartKind | Literal["channel"], id: str) -> str:
    """Returns the name by which parts count a content item, call to action, partner or channel."""
    return f"{kind}:{id}"


def departure(referred: bool, followed_s: int, left_s: int) -> str:
    """Returns the name by which `left` counts a person: whether they were referred, and the first of AGES they did not reach."""
    age = next((days for days in AGES if left_s - followed_s < days * _DAY_S), "")
    return f"{'r' if referred else 'd'}{age}"


def departed(counts: Growth, referred: bool, before_age: int | None = None) -> int:
    """Returns how many have left: in all, or before an age (days) of AGES."""
    letter = "r" if referred else "d"
    ages = [f"{letter}{days}" for days in AGES if before_age is None or days <= before_age]
    return sum(counts.left.get(name, 0) for name in (ages if before_age else [*ages, letter]))


def _merge_parts(parts: dict[str, int], names: Sequence[str], number: int) -> dict[str, int]:
    """The sums without names beyond MAX_PARTS, neither when they are added nor when they are taken away."""
    sums = dict(parts)
    try:
        for name in names:
            sums[name] += number
    except KeyError:
        return _merge_counts(parts, {name: number for name in names if name in parts or _has_room(parts, name, number)})
    return sums if number > 0 else _merge_counts(sums, {names[0]: 0})


def _has_room(parts: dict[str, int], name: str, number: int) -> bool:
    kind, _, _ = name.partition(":")
    return number > 0 and sum(known.startswith(f"{kind}:") for known in parts) < MAX_PARTS[cast("PartKind", kind)]


def _negative(counts: dict[str, int]) -> dict[str, int]:
    return {name: -number for name, number in counts.items()}


def _merge_counts(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """The sums, sorted and without zeros, so that equal counts are equal bytes."""
    if not more:
        return counts
    sums = dict(counts)
    for name, number in more.items():
        sums[name] = sums.get(name, 0) + number
    if sums.keys() == counts.keys() and all(sums.values()):
        return sums
    return {name: number for name, number in sorted(sums.items()) if number}
