"""The growth page: what it reads, and what its template shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton
from flask import request
from flask_babel import get_locale

from leaderboard.board_store import board_name
from leaderboard.domain.annotations import Annotation, most_telling
from leaderboard.domain.date_range import DateRange, Unit
from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.figure_table import FIGURES, NO_PART, STAGES, Dimension, FigureId
from leaderboard.domain.periods import day_name, windows
from leaderboard.http_api.annotation_reader import read_annotations
from leaderboard.http_api.dependencies import dependencies
from leaderboard.insight_reader import FigureQuery, FigureReading
from leaderboard.insight_store import TooManyEntries
from leaderboard.pages.charts import LineChart, line_chart
from leaderboard.pages.experiment_answers import ExperimentAnswer, experiment_answers
from leaderboard.pages.figure_texts import annotation_text, group_text
from leaderboard.pages.growth_cards import (
    Card,
    card_of_too_many,
    channel_name,
    figure_card,
    how_counted,
    number,
    percent,
    write_value,
)
from leaderboard.pages.growth_words import summary
from leaderboard.spread_store import TooManyReferrers
from referral.events.program import Program
from referral.http.context import context
from referral.pages.languages import gettext
from referral.people.known_people import known_people

PERIODS = (7, 28, 90)
DEFAULT_DAYS = 28
MAX_THANKED = 3
MAX_NOTES = 12
MAX_DEGREES = 12
_EXPLAINED: tuple[FigureId, ...] = (
    "followers",
    "channels",
    "funnel_steps",
    "retention",
    "reach_multiple",
    "k_factor",
    "shown",
    "shares",
    "clicks",
)
_WEEKS_FROM = 60  # days, from which on a point is a week
_FIRST: tuple[FigureId, ...] = ("followers", "referral_share", "k_factor")
_OWN_PANELS: frozenset[FigureId] = frozenset({"channels", "funnel", "funnel_steps", "retention"})
_OF_POSTS: tuple[FigureId, ...] = ("posts", "post_views", "post_reach_multiple")
_DEGREES: tuple[tuple[FigureId, Dimension], ...] = (("followers", "degree"), ("k_factor", "degree"))
_OF_CONTENT: tuple[FigureId, ...] = ("shown", "shares", "clicks", "followers")
MAX_CONTENT = 8
_CARDS: tuple[FigureId, ...] = tuple(name for name in FIGURES if name not in _OWN_PANELS)
_OF_NETWORK: tuple[FigureId, ...] = tuple(name for name in _CARDS if "spread" in FIGURES[name].reads)
_OF_BOARDS: tuple[FigureId, ...] = tuple(name for name in _CARDS if "referrals" in FIGURES[name].reads)
_OF_DAYS: tuple[FigureId, ...] = tuple(name for name in _CARDS if name not in (*_OF_NETWORK, *_OF_BOARDS))
_TOGETHER = (_OF_DAYS, _OF_BOARDS, _OF_NETWORK)
"""Figures that are read together: too many people may have taken part for one group, and not for another."""


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A point of the growth curve for the table behind it: its name, and the value of each series."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that may explain a change: its day, and what happened."""

    day: str
    text: str


@dataclass(frozen=True, slots=True)
class DegreeRow:
    """The new followers of a degree, their share of all as a percentage for the bar, and what each of them brings."""

    name: str
    value: str
    width: int
    friends: str


@dataclass(frozen=True, slots=True)
class ContentRow:
    """A content item: how often it was shown, shared and opened, and how many referred followers came by it."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrowthCurve:
    """New followers by day or week: the chart, its series, those of the range before, and the table behind it.

    `notes` are numbered in the chart. `names` and `points` have the series of the range before after the others.
    """

    chart: LineChart
    names: tuple[str, ...]
    short_names: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    points: tuple[tuple[int, ...], ...]
    days: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """A stage: its name, how often, for how many of the stage before, and whether most are lost here. `width` is a percentage."""

    name: str
    value: str
    step: str
    is_weakest: bool
    width: int


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar: its name, its share in words, the number behind it, and its width as a percentage."""

    name: str
    share: str
    value: str
    width: int


@dataclass(frozen=True, slots=True)
class CohortCell:
    """What became of the followers of a week: the share that still follows in words, its shade from 0 to 4, and of how many.

    Without cases, or with fewer than 30, it has no shade.
    """

    value: str
    shade: int | None
    of: str


@dataclass(frozen=True, slots=True)
class CohortRow:
    """The followers who began in a week, and who of them still follows at each age."""

    name: str
    cells: tuple[CohortCell, ...]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The heat map: its columns are ages, its rows the weeks in which people began to follow."""

    ages: tuple[str, ...]
    rows: tuple[CohortRow, ...]


@dataclass(frozen=True, slots=True)
class Thanked:
    """A person to thank: their name, their person id, and how many friends came by them."""

    name: str
    person: str
    referrals: str


@dataclass(frozen=True, slots=True)
class GrowthView:
    """All that the page shows of a program."""

    program: Program
    zone: str
    days: int
    first: str
    last: str
    as_of: str
    is_empty: bool
    cards: list[Card]
    best: BarRow | None
    thanked: list[Thanked]
    thanked_today: bool
    sentences: list[str]
    curve: GrowthCurve
    funnel: list[FunnelRow]
    channels: list[BarRow]
    degrees: list[DegreeRow] | None
    posts: list[Card]
    content: list[ContentRow]
    more: list[Card]
    cohorts: Cohorts
    experiments: list[ExperimentAnswer]
    how: dict[str, tuple[str, ...]]


def growth_view(program: Program, length: int, *, all_names: bool) -> GrowthView:
    """Returns the page's content for so many days up to today.

    With `all_names` people are named as the operator knows them, otherwise if they show their name.

    A figure of too many people has a card that says so. Raises redis's errors.
    """
    now_s, zone = context().clock.now_ms() // 1000, dependencies().time_zones.zone_of(program.id, context().catalog)
    today = date.fromisoformat(day_name(now_s, zone))
    days = DateRange(today - timedelta(days=length - 1), today)
    reader = _Reader(program.id, zone, days, "week" if length >= _WEEKS_FROM else "day", now_s)
    followers = reader.read("followers", "source")
    channels = _bars(reader.groups("channels", "channel"))
    funnel = _funnel(reader)
    cards = reader.cards()
    named = [bar for bar in channels if bar.name != channel_name("unknown")]
    thanked, thanked_today = _thanked(program.id, now_s, zone, all_names=all_names)
    return GrowthView(
        program=program,
        zone=zone,
        days=length,
        first=_day(followers.days.first),
        last=_day(followers.days.last),
        as_of=day_name(now_s, zone),
        is_empty=followers.counted_from is None,
        cards=[cards[name] for name in _FIRST],
        best=named[0] if named else None,
        thanked=thanked,
        thanked_today=thanked_today,
        sentences=summary(
            followers.series[0], reader.whole("referral_share"), named[0].name if named else None, funnel
        ),
        curve=_curve(followers, read_annotations(program.id, zone, followers.days)),
        funnel=funnel,
        channels=channels,
        degrees=_degrees(reader),
        posts=[cards[name] for name in _OF_POSTS],
        content=_content(reader),
        more=[card for name, card in cards.items() if name not in (*_FIRST, *_OF_POSTS)],
        cohorts=_cohorts(reader.read("retention", "age", "week")),
        experiments=experiment_answers(program),
        how={name: how_counted(name) for name in _EXPLAINED},
    )


class _Reader:
    """Reads figures over the page's days."""

    def __init__(self, program: str, zone: str, days: DateRange, unit: Unit, now_s: int) -> None:
        self._program, self._zone, self._days, self._unit, self._now_s = program, zone, days, unit, now_s

    def read(self, figure: FigureId, by: Dimension | None = None, unit: Unit | None = None) -> FigureReading:
        query = FigureQuery(figure, self._days, unit or self._unit, by)
        return dependencies().insights.read(self._program, self._zone, query, self._now_s)

    def whole(self, figure: FigureId) -> Series:
        return self.read(figure, unit="all").series[0]

    def cards(self) -> dict[FigureId, Card]:
        """The cards of figures without a panel of their own. Those of too many people say so."""
        cards: dict[FigureId, Card] = {}
        for figures in _TOGETHER:
            try:
                found = dependencies().insights.wholes(self._program, self._zone, figures, self._days, self._now_s)
            except (TooManyEntries, TooManyReferrers):
                cards |= {name: card_of_too_many(name) for name in figures}
            else:
                cards |= {name: figure_card(name, series) for name, series in found.items()}
        return {name: cards[name] for name in _CARDS}

    def split(self, splits: Sequence[tuple[FigureId, Dimension]]) -> dict[tuple[FigureId, Dimension], Sequence[Series]]:
        """The groups of several figures. Raises TooManyReferrers."""
        return dependencies().insights.groups(self._program, self._zone, splits, self._days, self._now_s)

    def groups(self, figure: FigureId, by: Dimension) -> Sequence[Series]:
        return self.read(figure, by, "all").series[1:]


def requested_days() -> int:
    """Returns the requested number of days if the page has it, otherwise those of the page without a choice."""
    wanted = request.args.get("days", "")
    return int(wanted) if wanted in map(str, PERIODS) else DEFAULT_DAYS


def _curve(followers: FigureReading, found: Sequence[Annotation]) -> GrowthCurve:
    """Referred and discovered followers at each point, and at each point of the range before."""
    shown = [one for one in followers.series[1:] if one.key != "excluded"]
    count = len(followers.points)
    values = [_whole_numbers(one.points) for one in shown]
    before = [(*_whole_numbers(one.previous_points), *(0,) * count)[:count] for one in shown]
    names = [group_text(one.key, "source") for one in shown]
    columns = [*values, *before]
    days = [_day(point.first) for point in followers.points]
    noted = most_telling(found, MAX_NOTES)
    marks = [_index_of(one.on, followers) for one in noted]
    return GrowthCurve(
        line_chart([(one.key, points) for one, points in zip(shown, values, strict=True)], before=before, marks=marks),
        (*names, *(gettext("%(series)s, before", series=name) for name in names)),
        tuple(_day(point.first, "Md") for point in followers.points),
        tuple(ChartRow(day, tuple(number(series[index]) for series in columns)) for index, day in enumerate(days)),
        tuple(columns),
        tuple(point.first.isoformat() for point in followers.points),
        tuple(Note(_day(one.on), annotation_text(one.kind, one.name)) for one in noted),
    )


def _whole_numbers(estimates: Sequence[Estimate]) -> tuple[int, ...]:
    return tuple(int(estimate.value or 0) for estimate in estimates)


def _index_of(day: date, followers: FigureReading) -> int:
    return next(index for index, point in enumerate(followers.points) if point.first <= day <= point.last)


def _degrees(reader: _Reader) -> list[DegreeRow] | None:
    """The new followers by degree, with what each brings; None if too many people took part."""
    try:
        found = reader.split(_DEGREES)
    except TooManyReferrers:
        return None
    friends = {one.key: one.total for one in found["k_factor", "degree"]}
    counts = [(one.key, int(one.total.value or 0)) for one in found["followers", "degree"] if one.total.value]
    largest = max((count for _, count in counts), default=0)
    return [
        DegreeRow(group_text(key, "degree"), number(count), round(100 * count / largest), _friends(friends.get(key)))
        for key, count in counts[:MAX_DEGREES]
    ]


def _friends(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    return gettext("few cases") if estimate.too_few else write_value("mean", estimate.value)


def _content(reader: _Reader) -> list[ContentRow]:
    """The content items with most clicks and shares, each with what it led to."""
    found = reader.split([(figure, "content") for figure in _OF_CONTENT])
    counts = {
        figure: {one.key: int(one.total.value or 0) for one in found[figure, "content"]} for figure in _OF_CONTENT
    }
    names = {name for of_figure in counts.values() for name, count in of_figure.items() if count and name != NO_PART}
    order = sorted(names, key=lambda name: (-counts["clicks"].get(name, 0), -counts["shares"].get(name, 0), name))
    return [
        ContentRow(name, tuple(number(counts[figure].get(name, 0)) for figure in _OF_CONTENT))
        for name in order[:MAX_CONTENT]
    ]


def _funnel(reader: _Reader) -> list[FunnelRow]:
    """The stages. The weakest step is the one with the lowest quotient of those that lose people.

    A stage that no one reports, such as clicks where codes are used, is none of them.
    """
    counts = {one.key: int(one.total.value or 0) for one in reader.groups("funnel", "stage")}
    steps = {one.key: one.total.value for one in reader.groups("funnel_steps", "stage")}
    losing = {name: value for name, value in steps.items() if value is not None and 0 < value < 1}
    weakest = min(losing, key=lambda name: losing[name], default=None)
    largest = max(counts.values(), default=0)
    return [
        FunnelRow(
            group_text(name, "stage"),
            number(counts.get(name, 0)),
            _step(steps.get(name)),
            name == weakest,
            round(100 * counts.get(name, 0) / largest) if largest else 0,
        )
        for name in STAGES
    ]


def _cohorts(reading: FigureReading) -> Cohorts:
    """Who still follows, by the week in which they began."""
    groups = reading.series[1:]
    rows = tuple(
        CohortRow(_day(week.first), tuple(_cell(group.points[index]) for group in groups))
        for index, week in enumerate(reading.points)
    )
    return Cohorts(tuple(group_text(group.key, "age") for group in groups), rows)


def _cell(estimate: Estimate) -> CohortCell:
    if estimate.value is None:
        return CohortCell("–", None, "")
    of = gettext("of %(n)s", n=number(estimate.n))
    if estimate.too_few:
        return CohortCell(
            gettext("%(cases)s of %(n)s", cases=number(estimate.cases or 0), n=number(estimate.n)), None, ""
        )
    return CohortCell(percent(estimate.value), min(4, int(estimate.value * 5)), of)


def _step(quotient: float | None) -> str:
    """A stage for each of the stage before: a percentage below one, a multiple above."""
    if quotient is None:
        return ""
    return percent(quotient) if quotient < 1 else gettext("×%(times)s", times=number(quotient, "#,##0.0"))


def _bars(groups: Sequence[Series]) -> list[BarRow]:
    largest = max((one.total.value or 0 for one in groups), default=0)
    return [
        BarRow(
            channel_name(one.key),
            write_value("share", one.total.value) if not one.total.too_few else gettext("few cases"),
            number(one.total.cases or 0),
            round(100 * (one.total.value or 0) / largest) if largest else 0,
        )
        for one in groups
        if one.total.cases
    ]


def _thanked(program: str, now_s: int, zone: str, *, all_names: bool) -> tuple[list[Thanked], bool]:
    """The people with most new friends today; if there are none, of this week."""
    day, week, *_ = windows(now_s, zone)
    for window in (day, week):
        top = dependencies().boards.top(board_name(program, "referrals", window.name), MAX_THANKED)
        if top.entries:
            break
    known = known_people([one.entry.participant for one in top.entries], context().people.snapshot())
    found = []
    for one in top.entries:
        person = known[one.entry.participant]
        own_name = person and (person.public_name or (all_names and (person.display_name or person.external_id)))
        found.append(Thanked(own_name or gettext("A promoter"), one.entry.participant, number(one.entry.referrals)))
    return found, window is day


def _day(day: date, pattern: str = "MMMd") -> str:
    return str(format_skeleton(pattern, day, locale=get_locale()))
