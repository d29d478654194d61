"""What the growth page shows of figures: a card with its value, comparison and definition, and sentences about what matters.

The caller's request decides the language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale, lazy_gettext

from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.figure_table import FIGURES, FigureId, Measure
from leaderboard.pages.figure_texts import INTERVAL_TEXTS, TEXTS, in_words
from referral.pages.languages import gettext

CHANNEL_NAMES: Mapping[str, object] = {
    "xiaohongshu": lazy_gettext("Xiaohongshu"),
    "wechat": lazy_gettext("WeChat"),
    "weibo": lazy_gettext("Weibo"),
    "douyin": lazy_gettext("Douyin"),
    "web": lazy_gettext("Web"),
    "unknown": lazy_gettext("Channel unknown"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: its name, its value in large, what belongs to the value, the comparison, and how it was counted.

    `direction` is 1 if it has risen against the range before, -1 if it has fallen, 0 otherwise.
    """

    id: str
    title: str
    value: str
    detail: str
    change: str
    direction: int
    how: tuple[str, ...]


def figure_card(figure: FigureId, series: Series) -> Card:
    """Returns the card of a figure over a range."""
    measure, estimate = FIGURES[figure].measure, series.total
    large, detail = _value_parts(measure, estimate)
    change, direction = _change(measure, series)
    return Card(figure, str(TEXTS[figure].title), large, detail, change, direction, how_counted(figure))


def card_of_too_many(figure: FigureId) -> Card:
    """Returns the card of a figure that cannot be read, because too many people took part."""
    detail = gettext("So many people took part that it is not computed for these days.")
    return Card(figure, str(TEXTS[figure].title), "–", detail, "", 0, how_counted(figure))


def how_counted(figure: FigureId) -> tuple[str, ...]:
    """Returns the definition of a figure, and what its interval is."""
    return str(TEXTS[figure].definition), str(INTERVAL_TEXTS[FIGURES[figure].measure])


def channel_name(channel: str) -> str:
    """Returns the name of a channel; the name in the data if it is another."""
    return str(CHANNEL_NAMES.get(channel, channel))


def number(value: float, pattern: str = "#,##0") -> str:
    """Returns a number in the request's language."""
    return str(format_decimal(value, format=pattern, locale=get_locale()))


def percent(value: float, pattern: str = "#,##0%") -> str:
    """Returns a share in the request's language."""
    return str(format_percent(value, format=pattern, locale=get_locale()))


def write_value(measure: Measure, value: float | None) -> str:
    """Returns a value of a figure for a table; a dash if there is none."""
    return "–" if value is None else _WRITERS[measure](value)


_WRITERS: Mapping[Measure, Callable[[float], str]] = {
    "count": number,
    "people": number,
    "share": lambda value: percent(value, "#,##0.0%"),
    "uplift": percent,
    "rate": lambda value: number(value, "#,##0.00"),
    "mean": lambda value: number(value, "#,##0.00"),
    "ratio": lambda value: gettext("×%(times)s", times=number(value, "#,##0.00")),
    "days": lambda value: gettext("%(days)s days", days=number(value, "#,##0.0")),
}


def _value_parts(measure: Measure, estimate: Estimate) -> tuple[str, str]:
    """The value in large, and its interval and cases; of fewer than 30 cases the words alone have the number."""
    if estimate.value is None or (estimate.too_few and measure == "share"):
        return "–", in_words(measure, estimate)
    large = write_value(measure, estimate.value) if measure != "share" else percent(estimate.value)
    if measure == "count":
        return large, ""
    if estimate.low is None or estimate.high is None or estimate.too_few:
        return large, in_words(measure, estimate)
    low, high = (
        percent(bound) if measure == "share" else write_value(measure, bound) for bound in (estimate.low, estimate.high)
    )
    return large, gettext("%(low)s to %(high)s, of %(n)s", low=low, high=high, n=number(estimate.n))


def _change(measure: Measure, series: Series) -> tuple[str, int]:
    """How the value compares with that of the range before, in words, and its direction."""
    now, before = series.total, series.previous
    if now.value is None or before.value is None or now.too_few or before.too_few:
        return gettext("nothing to compare with before"), 0
    difference = now.value - before.value
    if measure in ("share", "uplift"):
        points = round(difference * 100)
        text = gettext("%(points)s points", points=number(abs(points)))
    elif not before.value:
        return gettext("none before"), 0
    else:
        points = round(difference / before.value * 100)
        text = percent(abs(points) / 100)
    if not points:
        return gettext("as before"), 0
    return text, 1 if points > 0 else -1
