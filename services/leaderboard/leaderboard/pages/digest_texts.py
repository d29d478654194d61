"""The digest to the growth team in words. Texts are in the language of the request."""

from collections.abc import Sequence
from typing import assert_never

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale

from leaderboard.domain.annotations import Annotation, most_telling
from leaderboard.domain.date_range import DateRange
from leaderboard.domain.digest_actions import ActionKind, DigestFacts, channel_that_moved, digest_actions
from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.figure_table import FIGURES, FigureId, Measure
from leaderboard.domain.focus import Focus
from leaderboard.pages.figure_texts import TEXTS, annotation_text, focus_words
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext

MAX_REASONS = 5


def digest_subject(program: str, days: DateRange) -> str:
    """Returns the subject: the program, and the day or days."""
    first, last = _day(days, first=True), _day(days, first=False)
    if days.first == days.last:
        return gettext("%(program)s: growth on %(day)s", program=program, day=first)
    return gettext("%(program)s: growth from %(first)s to %(last)s", program=program, first=first, last=last)


def digest_text(facts: DigestFacts, reasons: Sequence[Annotation], url: str) -> str:
    """Returns the text: what moved, why, and three things to do."""
    actions = [f"{number}. {_action(kind, facts.focus)}" for number, kind in enumerate(digest_actions(facts), 1)]
    return "\n\n".join(
        (
            _section(gettext("What moved"), _moves(facts)),
            _section(gettext("Why"), _reasons(facts, reasons)),
            _section(gettext("Three things to do"), actions),
            gettext("All figures: %(url)s", url=url),
        )
    )


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join((title, *lines))


def _moves(facts: DigestFacts) -> list[str]:
    figures: tuple[tuple[FigureId, Series], ...] = (
        ("followers", facts.followers),
        ("referral_share", facts.referral_share),
        ("qualified_share", facts.qualified_share),
        ("posts", facts.posts),
        ("clicks", facts.clicks),
    )
    return [_move(name, series) for name, series in figures]


def _move(figure: FigureId, series: Series) -> str:
    measure = FIGURES[figure].measure
    return gettext(
        "%(figure)s: %(value)s, before that %(previous)s",
        figure=str(TEXTS[figure].title),
        value=_value(measure, series.total),
        previous=_value(measure, series.previous),
    )


def _reasons(facts: DigestFacts, reasons: Sequence[Annotation]) -> list[str]:
    found = [annotation_text(one.kind, one.name) for one in most_telling(reasons, MAX_REASONS)]
    moved = channel_that_moved(facts.channels)
    if moved is not None:
        text = gettext(
            "Referred followers by %(channel)s: %(value)s, before that %(previous)s",
            channel=channel_name(moved.key) or gettext("the web"),
            value=_value("count", moved.total),
            previous=_value("count", moved.previous),
        )
        found.insert(0, text)
    return found or [gettext("Neither the program nor a channel changed.")]


def _action(kind: ActionKind, focus: Focus) -> str:  # noqa: C901, PLR0911 - a table
    match kind:
        case "focus":
            return focus_words(focus)
        case "recruit":
            return gettext("Ask ten loyal followers to share their code: channels can be compared from 30 friends on.")
        case "qualify":
            return gettext(
                "Few friends qualify: tell them right after the follow what the next step is, and what it brings."
            )
        case "invite":
            return gettext("Fewer followers come through friends: show the invitation where people have just followed.")
        case "link":
            return gettext("Nobody opened a link: put it in your profile, and in a pinned comment.")
        case "post":
            return gettext("No follower published a post: start a challenge with a hashtag.")
        case "thank":
            return gettext("Thank the people who brought the most friends: the board names them.")
        case "ask":
            return gettext("Say in your next post what one more friend brings.")
        case "test":
            return gettext("Try a second text of the invitation as an experiment.")
        case _:
            assert_never(kind)


def _value(measure: Measure, estimate: Estimate) -> str:
    """A number or a share; a share of few cases with their number."""
    if estimate.value is None:
        return "–"
    if measure == "count":
        return str(format_decimal(estimate.value, format="#,##0", locale=get_locale()))
    text = str(format_percent(estimate.value, format="#,##0.0%", locale=get_locale()))
    return gettext("%(value)s of %(n)s", value=text, n=estimate.n) if estimate.too_few else text


def _day(days: DateRange, *, first: bool) -> str:
    return str(format_date(days.first if first else days.last, "medium", locale=get_locale()))
