"""The texts of figures: what each is called, how it is counted, and an estimate in words.

The caller sets the locale (`force_locale`). A definition is what "how was this counted" shows, and the only one there is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale, lazy_gettext

from leaderboard.domain.annotations import AnnotationKind
from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_table import Dimension, FigureId, Measure
from leaderboard.domain.focus import Focus
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, ngettext


@dataclass(frozen=True, slots=True)
class FigureTexts:
    """The name of a figure and its definition, each a lazy translation."""

    title: object
    definition: object


TEXTS: Mapping[FigureId, FigureTexts] = {
    "followers": FigureTexts(
        lazy_gettext("New followers"),
        lazy_gettext(
            "People who follow now and began to follow in the period. A person who leaves is taken off the day on which they"
            " began."
        ),
    ),
    "audience": FigureTexts(
        lazy_gettext("Followers in all"),
        lazy_gettext(
            "People who follow now and had begun by the end of the period, as far as events show: earlier followers are not"
            " known."
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
            "Of the referred new followers, the share that came by each channel: that of the touch which won. A code alone"
            " names no channel. The whole is the share with a channel that is known."
        ),
    ),
    "posts": FigureTexts(
        lazy_gettext("Posts published"), lazy_gettext("Posts published in the period that still exist, each once.")
    ),
    "shown": FigureTexts(lazy_gettext("Impressions"), lazy_gettext("How often content was shown, each event once.")),
    "shares": FigureTexts(lazy_gettext("Times shared"), lazy_gettext("How often content was shared, each event once.")),
    "clicks": FigureTexts(
        lazy_gettext("Clicks on links"),
        lazy_gettext("Referral links opened by people: without previews, prefetches and crawlers."),
    ),
    "post_views": FigureTexts(
        lazy_gettext("Views of posts"),
        lazy_gettext(
            "Views of posts by followers, as platforms report them, each report once. Views of removed posts stay."
        ),
    ),
    "post_reach_multiple": FigureTexts(
        lazy_gettext("Reach of posts by followers"),
        lazy_gettext(
            "Views of posts by followers for each impression of the account's own content in the period. Both count views, not"
            " people, and the interval takes each view as independent of the others."
        ),
    ),
    "funnel": FigureTexts(
        lazy_gettext("Funnel"),
        lazy_gettext(
            "Impressions, shares, clicks, referred new followers, and those of them who qualified. Each stage counts what"
            " happened in the period; a friend who uses a code follows without a click. The whole is the last stage."
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
            "Of the friends who qualified in the period and count, the share of the 10% of referrers with the most. The 10%"
            " are at least one person, the number rounded up; referrers without such a friend are left out."
        ),
    ),
    "reach_multiple": FigureTexts(
        lazy_gettext("Reach multiple"),
        lazy_gettext(
            "All referred new followers for each of degree 1: those whose referrer came without a referrer. Those beyond were"
            " brought by friends of friends. Refused referrals and those of banned referrers are left out."
        ),
    ),
    "k_factor": FigureTexts(
        lazy_gettext("K-factor"),
        lazy_gettext(
            "Friends whom a new follower brings within the window from their own follow on, on average: friends who qualified"
            " and count. Only followers whose window is over are measured, on the day on which they began; those without a"
            " friend count as 0."
        ),
    ),
    "invitations_per_follower": FigureTexts(
        lazy_gettext("Invitations per new follower (i)"),
        lazy_gettext("Content shared in the period, for each new follower of the period."),
    ),
    "qualified_per_share": FigureTexts(
        lazy_gettext("Qualified friends per share (c)"),
        lazy_gettext("Referred new followers of the period who qualified, for each share in it."),
    ),
    "k_of_invitations": FigureTexts(
        lazy_gettext("K as i × c"),
        lazy_gettext(
            "Invitations per new follower times qualified friends per share: qualified new followers for each new follower of"
            " the period. It needs no window, and is too low while the account grows faster than friends are brought."
        ),
    ),
    "audience_ceiling": FigureTexts(
        lazy_gettext("Where referrals alone lead"),
        lazy_gettext(
            "Followers in all / (1 − K): how many there will be in the end if no one comes by themselves any more and K stays"
            " as it is. Without a value if K is 1 or more: then referrals alone have no ceiling."
        ),
    ),
    "cycle_time": FigureTexts(
        lazy_gettext("Cycle time"),
        lazy_gettext(
            "The median time from a person's own follow to the qualification of a friend whom they brought within the window,"
            " of friends who count."
        ),
    ),
    "retention": FigureTexts(
        lazy_gettext("Retention"),
        lazy_gettext(
            "Of the people who began in the period, the share that still followed 30 days later (or as many days as the group"
            " names). A day counts once all who began on it could have followed for so long. People whose unfollow arrived"
            " before their follow are not known."
        ),
    ),
    "retention_ratio": FigureTexts(
        lazy_gettext("Retention of referred followers"),
        lazy_gettext("How many times as high the 30-day retention of referred followers is as that of the others."),
    ),
    "growth_uplift": FigureTexts(
        lazy_gettext("Growth by referrals"),
        lazy_gettext(
            "Referred new followers for each one who came without a referrer: by how much referrals add to the growth by"
            " discovery. 50% means that of three new followers one was referred."
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
    "none": lazy_gettext("None named"),
}
"""The names of groups that are not names from data."""
INTERVAL_TEXTS: Mapping[Measure, object] = {
    "count": lazy_gettext("A complete count: nothing is estimated, so it has no interval."),
    "share": lazy_gettext(
        "95% interval by Wilson (1927), of a difference by Newcombe (1998). The share of the top 10%: delta method over people."
    ),
    "rate": lazy_gettext(
        "95% interval of a Poisson rate by Garwood (1936); of the last step of the funnel and of views for each impression by"
        " Wilson (1927)."
    ),
    "mean": lazy_gettext("95% interval of a mean over people by Student (1908), not below 0."),
    "ratio": lazy_gettext("95% interval of a ratio of two shares by Katz and others (1978)."),
    "days": lazy_gettext("95% interval of a median without assumptions on the distribution (Conover, 1999)."),
    "uplift": lazy_gettext("95% interval from that of the share by Wilson (1927)."),
    "people": lazy_gettext("Computed from the bounds of K; without bounds if K may be 1 or more."),
}


def group_text(key: str, by: Dimension | None) -> str:
    """Returns the name of a group of a dimension; the name from the data if it is one."""
    if by == "age" and key.isdigit():
        return ngettext("After %(num)d day", "After %(num)d days", int(key))
    if by == "degree" and key.isdigit():
        return gettext("Degree %(degree)s", degree=key) if key != "0" else gettext("Discovered")
    return str(GROUP_TEXTS.get(key, key))


def annotation_text(kind: AnnotationKind, name: str) -> str:
    """Returns an annotation in words. `name` is the version's number or the challenge's id."""
    match kind:
        case "program_version":
            return gettext("Program version %(version)s", version=name)
        case "challenge_start":
            return gettext("Challenge %(challenge)s begins", challenge=name)
        case "challenge_end":
            return gettext("Last day of challenge %(challenge)s", challenge=name)
        case "post_featured":
            return gettext("A post of challenge %(challenge)s was featured", challenge=name)
        case _:
            assert_never(kind)


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
    write = _WRITERS.get(measure, _decimal)
    if estimate.too_few:
        return gettext(
            "%(value)s, of %(n)s cases: fewer than 30, so it is uncertain.",
            value=write(estimate.value),
            n=_number(estimate.n, "#,##0"),
        )
    if estimate.low is None or estimate.high is None:
        return gettext(
            "%(value)s, of %(n)s cases: too uncertain for an upper bound.",
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


def focus_words(focus: Focus) -> str:
    """Returns the advice on which channels to focus."""
    names = [channel_name(one.channel) or gettext("the web") for one in focus.channels]
    if not names or focus.share.value is None:
        return gettext(
            "Not enough data yet: %(n)s of 30 referred followers with a known channel.",
            n=_number(focus.share.n, "#,##0"),
        )
    return gettext(
        "Focus on %(channels)s: %(share)s of the referred followers with a known channel came from there.",
        channels=format_list(names, locale=get_locale()),
        share=_percent(focus.share.value),
    )


def _number(value: float, pattern: str) -> str:
    return str(format_decimal(value, format=pattern, locale=get_locale()))


def _decimal(value: float) -> str:
    return _number(value, "#,##0.00")


def _percent(value: float) -> str:
    return str(format_percent(value, format="#,##0.0%", locale=get_locale()))


def _times(value: float) -> str:
    return gettext("%(value)s times", value=_decimal(value))


def _days(value: float) -> str:
    return gettext("%(value)s days", value=_number(value, "#,##0.0"))


def _people(value: float) -> str:
    return _number(value, "#,##0")


_WRITERS: Mapping[Measure, Callable[[float], str]] = {
    "share": _percent,
    "ratio": _times,
    "uplift": _percent,
    "days": _days,
    "people": _people,
}
