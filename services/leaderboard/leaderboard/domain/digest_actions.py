"""What the digest to the growth team advises: the channel that moved most, and three things to do. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.focus import Focus
from leaderboard.domain.growth import UNKNOWN_CHANNEL

ActionKind = Literal["focus", "qualify", "invite", "post", "link", "recruit", "thank", "ask", "test"]
ACTIONS = 3
LOW_SHARE = 0.3
"""Below this share of friends who qualify, the way after the follow is what to improve."""
_ALWAYS_USEFUL: tuple[ActionKind, ...] = ("thank", "ask", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """The figures of a period, each with that of the period before; `channels` are the referred followers by channel."""

    followers: Series
    referral_share: Series
    qualified_share: Series
    posts: Series
    clicks: Series
    channels: Sequence[Series]
    focus: Focus


def digest_actions(facts: DigestFacts) -> tuple[ActionKind, ...]:
    """Returns three different things to do, the most useful first."""
    found: list[ActionKind] = ["focus"] if facts.focus.channels else ["recruit"]
    if _fell(facts.qualified_share) or _is_low(facts.qualified_share.total):
        found.append("qualify")
    if _fell(facts.referral_share):
        found.append("invite")
    if not facts.clicks.total.value:
        found.append("link")
    if not facts.posts.total.value:
        found.append("post")
    return (*found, *_ALWAYS_USEFUL)[:ACTIONS]


def channel_that_moved(channels: Iterable[Series]) -> Series | None:
    """Returns the channel with the greatest change of referred followers; None if none did."""
    known = [one for one in channels if one.key != UNKNOWN_CHANNEL and _change(one)]
    return max(known, key=lambda one: (abs(_change(one)), one.key), default=None)


def _change(series: Series) -> float:
    return (series.total.value or 0) - (series.previous.value or 0)


def _fell(share: Series) -> bool:
    """Whether a share fell, and not by chance: the 95% interval of the difference is below 0."""
    return share.change is not None and share.change.high is not None and share.change.high < 0


def _is_low(share: Estimate) -> bool:
    return share.value is not None and not share.too_few and share.value < LOW_SHARE
