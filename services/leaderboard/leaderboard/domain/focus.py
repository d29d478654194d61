"""Which two or three channels to focus on: those that bring most of the friends."""

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard.domain.estimate import ENOUGH_CASES, Change, Estimate, change_between, share
from leaderboard.domain.growth import UNKNOWN_CHANNEL

MOST_CHANNELS, FEWEST_CHANNELS = 3, 2
ENOUGH_SHARE = 0.8
"""Channels that together bring this share are enough."""


@dataclass(frozen=True, slots=True)
class FocusChannel:
    """A channel to focus on: its share of the referred followers with a known channel, and how that has changed."""

    channel: str
    share: Estimate
    change: Change | None


@dataclass(frozen=True, slots=True)
class Focus:
    """The channels to focus on, the strongest first, and their share together. Without channels there are too few cases yet."""

    channels: tuple[FocusChannel, ...]
    share: Estimate


def focus_on(channels: Mapping[str, int], before: Mapping[str, int]) -> Focus:
    """Returns the channels that bring 80% of the referred followers: at least two if there are two, at most three.

    `channels` and `before` are the followers by channel of a range and of the range before, without those of an unknown channel.
    """
    counts = {name: number for name, number in channels.items() if name != UNKNOWN_CHANNEL and number > 0}
    total, total_before = sum(counts.values()), sum(before.values()) - before.get(UNKNOWN_CHANNEL, 0)
    if total < ENOUGH_CASES:
        return Focus((), share(0, total))
    chosen: list[str] = []
    for name in sorted(counts, key=lambda one: (-counts[one], one))[:MOST_CHANNELS]:
        if len(chosen) >= FEWEST_CHANNELS and sum(counts[one] for one in chosen) >= ENOUGH_SHARE * total:
            break
        chosen.append(name)
    found = tuple(
        FocusChannel(
            name,
            now := share(counts[name], total),
            change_between(now, share(before.get(name, 0), total_before)),
        )
        for name in chosen
    )
    return Focus(found, share(sum(counts[name] for name in chosen), total))
