"""The texts of a board by what it counts: names, columns, and what is missing to pass the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext

from referral.events.board_rules import BoardMetric
from referral.pages.languages import gettext, ngettext


@dataclass(frozen=True, slots=True)
class MetricTexts:
    """The fixed texts of a metric, each a lazy translation."""

    tab: object
    heading: object
    column: object
    ranking: object
    taken_back: object
    first_place: object


_TAKEN_BACK = lazy_gettext("What is taken back later still comes off the count.")
_FIRST_PLACE = lazy_gettext("One is enough for a place here.")
TEXTS: Mapping[BoardMetric, MetricTexts] = {
    "referrals": MetricTexts(
        lazy_gettext("Friends"),
        lazy_gettext("Top referrers"),
        lazy_gettext("Friends brought"),
        lazy_gettext(
            "Most friends first. A tie goes to whoever got there first. If a friend unfollows, they no longer count."
        ),
        lazy_gettext("Friends who unfollow later still come off the count."),
        lazy_gettext("One friend puts you on the board."),
    ),
    "reach": MetricTexts(
        lazy_gettext("Reach"),
        lazy_gettext("Widest reach"),
        lazy_gettext("Friends of friends"),
        lazy_gettext("Most friends of friends first, two and three steps away. A tie goes to whoever got there first."),
        lazy_gettext("Friends of friends who unfollow later still come off the count."),
        lazy_gettext("One friend of a friend puts you on the board."),
    ),
    "clicks": MetricTexts(
        lazy_gettext("Clicks"),
        lazy_gettext("Most opened links"),
        lazy_gettext("Links opened"),
        lazy_gettext("Most opened links first. A tie goes to whoever got there first. Robots do not count."),
        _TAKEN_BACK,
        _FIRST_PLACE,
    ),
    "shares": MetricTexts(
        lazy_gettext("Shares"),
        lazy_gettext("Top sharers"),
        lazy_gettext("Times shared"),
        lazy_gettext("Most shares first. A tie goes to whoever got there first."),
        _TAKEN_BACK,
        _FIRST_PLACE,
    ),
    "posts": MetricTexts(
        lazy_gettext("Posts"),
        lazy_gettext("Most posts"),
        lazy_gettext("Posts published"),
        lazy_gettext("Most posts first. A tie goes to whoever got there first. Removed posts do not count."),
        _TAKEN_BACK,
        _FIRST_PLACE,
    ),
    "challenge_score": MetricTexts(
        lazy_gettext("Challenge points"),
        lazy_gettext("Most challenge points"),
        lazy_gettext("Points"),
        lazy_gettext(
            "Most points first. A tie goes to whoever got there first. Days in a row with a post earn the most."
        ),
        _TAKEN_BACK,
        lazy_gettext("One post puts you on the board."),
    ),
}


def missing(metric: BoardMetric, number: int, next_name: str | None) -> str:
    """What it takes to pass the next, who has a name or not."""
    if metric == "referrals":
        if next_name:
            return ngettext(
                "%(num)d more friend to pass %(name)s", "%(num)d more friends to pass %(name)s", number, name=next_name
            )
        return ngettext("%(num)d more friend to move up", "%(num)d more friends to move up", number)
    if next_name:
        return gettext("%(number)s more to pass %(name)s", number=number, name=next_name)
    return gettext("%(number)s more to move up", number=number)


def tied(metric: BoardMetric, count: int, people: str) -> str:
    """The text of a row of people with equal counts; `people` is how many, formatted."""
    if metric == "referrals":
        return ngettext(
            "%(people)s people with %(num)d friend each",
            "%(people)s people with %(num)d friends each",
            count,
            people=people,
        )
    return gettext("%(people)s people with %(number)s each", people=people, number=count)
