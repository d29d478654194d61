"""The texts of figures: what each is called, how it is counted, and an estimate in words.

The caller sets the locale (`force_locale`). A definition is what "how was this counted" shows, and the only one there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale, lazy_gettext

from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_table import FigureId, Measure
from referral.pages.languages import gettext


@dataclass(frozen=True, slots=True)
class FigureTexts:
    """The name of a figure and its definition, each a lazy translation."""

    title: object
    definition: object


TEXTS: Mapping[FigureId, FigureTexts] = {
    "followers": FigureTexts(
        lazy_gettext("New followers"),
        lazy_gettext(
            "People who follow now and began to follow in the period. A person who leaves is taken off the day on which they began."
        ),
    ),
    "audience": FigureTexts(
        lazy_gettext("Followers in all"),
        lazy_gettext(
            "People who follow now and had begun by the end of the period, as far as events show: earlier followers are not known."
        ),
    ),
    "referral_share": FigureTexts(
        lazy_gettext("Share from referrals"),
        lazy_gettext(
            "Of the new followers, the share with a referrer. Followers whose referrer is banned are new followers, but not"
            " referred."
        ),
    ),
    "qualified_share": FigureTexts(
        lazy_gettext("Share that qualified"),
        lazy_gettext("Of the referred new followers, the share that has done what the program pays for."),
    ),
    "channels": FigureTexts(
        lazy_gettext("Channels"),
        lazy_gettext(
            "Of the referred new followers, the share that came by each channel: that of the touch which won. A code alone names no"
            " channel. The whole is the share with a channel that is known."
        ),
    ),
    "posts": FigureTexts(
        lazy_gettext("Posts"), lazy_gettext("Posts published in the period that still exist, each once.")
    ),
    "shown": FigureTexts(lazy_gettext("Impressions"), lazy_gettext("How often content was shown, each event once.")),
    "shares": FigureTexts(lazy_gettext("Shares"), lazy_gettext("How often content was shared, each event once.")),
    "clicks": FigureTexts(
        lazy_gettext("Clicks"),
        lazy_gettext("Referral links opened by people: without previews, prefetches and crawlers."),
    ),
    "funnel": FigureTexts(
        lazy_gettext("Funnel"),
        lazy_gettext(
            "Impressions, shares, clicks, referred new followers, and those of them who qualified. Each stage counts what happened"
            " in the period; a friend who uses a code follows without a click. The whole is the last stage."
        ),
    ),
    "funnel_steps": FigureTexts(
        lazy_gettext("Steps of the funnel"),
        lazy_gettext(
            "Each stage of the funnel for each case of the stage before: shares per impression, clicks per share, referred"
            " followers per click, and the share of them that qualified. The whole is qualified followers per impression."
        ),
    ),
    "followers_per_sharer": FigureTexts(
        lazy_gettext("Followers per active sharer"),
        lazy_gettext(
            "Friends who qualified in the period and count, for each person who shared content or had a friend count in it."
        ),
    ),
    "top_tenth_share": FigureTexts(
        lazy_gettext("Share of the top 10%"),
        lazy_gettext(
            "Of the friends who qualified in the period and count, the share of the 10% of referrers with the most. The 10% are at"
            " least one person, the number rounded up; referrers without such a friend are left out."
        ),
    ),
}
GROUP_TEXTS: Mapping[str, object] = {
    "all": lazy_gettext("All"),
    "referred": lazy_gettext("Referred"),
    "discovered": lazy_gettext("Discovered"),
    "excluded": lazy_gettext("Referrer banned"),
    "shown": lazy_gettext("Shown"),
    "shared": lazy_gettext("Shared"),
    "clicked": lazy_gettext("Clicked"),
    "followed": lazy_gettext("Followed"),
    "qualified": lazy_gettext("Qualified"),
    "unknown": lazy_gettext("Unknown"),
}
"""The names of groups that are not names from data."""
INTERVAL_TEXTS: Mapping[Measure, object] = {
    "count": lazy_gettext("A complete count: nothing is estimated, so it has no interval."),
    "share": lazy_gettext(
        "95% interval by Wilson (1927), of a difference by Newcombe (1998). The share of the top 10%: delta method over people."
    ),
    "rate": lazy_gettext("95% interval of a Poisson rate by Garwood (1936); of the last step by Wilson (1927)."),
    "mean": lazy_gettext("95% interval of a mean over people by Student (1908), not below 0."),
}


def group_text(key: str) -> str:
    """Returns the name of a group; the name from the data if it is one."""
    return str(GROUP_TEXTS.get(key, key))


def in_words(measure: Measure, estimate: Estimate) -> str:
    """Returns an estimate with its interval and its cases in words; what it lacks if there are fewer than 30 cases."""
    if estimate.value is None:
        return gettext("No cases yet.")
    if measure == "count":
        return _number(estimate.value, "#,##0")
    if estimate.too_few and estimate.cases is not None:
        return gettext(
            "%(cases)s of %(n)s: fewer than 30 cases, so the percentage is uncertain.",
            cases=_number(estimate.cases, "#,##0"),
            n=_number(estimate.n, "#,##0"),
        )
    write = _percent if measure == "share" else _decimal
    if estimate.too_few or estimate.low is None or estimate.high is None:
        return gettext(
            "%(value)s, of %(n)s cases: fewer than 30, so it is uncertain.",
            value=write(estimate.value),
            n=_number(estimate.n, "#,##0"),
        )
    return gettext(
        "%(value)s (%(low)s to %(high)s, of %(n)s cases)",
        value=write(estimate.value),
        low=write(estimate.low),
        high=write(estimate.high),
        n=_number(estimate.n, "#,##0"),
    )


def _number(value: float, pattern: str) -> str:
    return str(format_decimal(value, format=pattern, locale=get_locale()))


def _decimal(value: float) -> str:
    return _number(value, "#,##0.00")


def _percent(value: float) -> str:
    return str(format_percent(value, format="#,##0.0%", locale=get_locale()))
