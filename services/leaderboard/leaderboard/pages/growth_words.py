"""The growth page in a few sentences: whether the program grows, and by what. Each has the numbers that make it true."""

from collections.abc import Sequence
from typing import Protocol

from leaderboard.domain.estimate import ENOUGH_CASES
from leaderboard.domain.figure_series import Series
from leaderboard.pages.growth_cards import number, percent
from referral.pages.languages import gettext, ngettext


class FunnelStep(Protocol):
    """A stage of the funnel as the page shows it."""

    @property
    def name(self) -> str:
        """The name of the stage."""

    @property
    def step(self) -> str:
        """How many of the stage before it has, in words."""

    @property
    def is_weakest(self) -> bool:
        """Whether most are lost here."""


def summary(
    followers: Series, referral_share: Series, best_channel: str | None, funnel: Sequence[FunnelStep]
) -> list[str]:
    """Returns the sentences; of shares of fewer than 30 followers the second one explains that, and no other follows."""
    now, before = int(followers.total.value or 0), int(followers.previous.value or 0)
    sentences = [_growth(now, before)]
    share = referral_share.total
    if share.value is None or share.n < ENOUGH_CASES:
        if now:
            sentences.append(
                gettext(
                    "With fewer than %(least)s new followers, shares would be chance: the numbers alone count.",
                    least=ENOUGH_CASES,
                )
            )
        return sentences
    sentences.append(gettext("Referrals bring %(share)s of them.", share=percent(share.value)))
    if best_channel is not None:
        sentences.append(gettext("Most of these friends come through %(channel)s.", channel=best_channel))
    weakest = next((one for one in funnel if one.is_weakest), None)
    if weakest is not None:
        sentences.append(
            gettext("Most are lost before “%(stage)s”: %(step)s get that far.", stage=weakest.name, step=weakest.step)
        )
    return sentences


def _growth(now: int, before: int) -> str:
    if not now:
        return gettext("No one began to follow in this time.")
    count = ngettext("%(number)s new follower", "%(number)s new followers", now, number=number(now))
    if not before:
        return gettext("%(count)s; none in the time before.", count=count)
    change = round((now - before) / before * 100)
    if change > 0:
        return gettext("%(count)s, %(change)s more than in the time before.", count=count, change=percent(change / 100))
    if change < 0:
        return gettext(
            "%(count)s, %(change)s fewer than in the time before.", count=count, change=percent(-change / 100)
        )
    return gettext("%(count)s, as many as in the time before.", count=count)
