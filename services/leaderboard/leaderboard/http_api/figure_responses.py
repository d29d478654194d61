"""Response bodies of figures, and their content from what was read."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, TypedDict

from flask_babel import force_locale
from msgspec import Meta, Struct

from leaderboard.domain.annotations import Annotation, AnnotationKind
from leaderboard.domain.date_range import Unit
from leaderboard.domain.estimate import Change, Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.figure_table import FIGURES, SOURCE_EVENTS, Dimension, FigureId, Measure
from leaderboard.insight_reader import FigureReading
from leaderboard.pages.figure_texts import INTERVAL_TEXTS, TEXTS, annotation_text, group_text, in_words
from referral.events.examples import example
from referral.http.json_body import decode_json
from referral.http.responses import Timestamp
from referral.pages.languages import LANGUAGES, LOCALES, Language

_Texts = dict[Language, str]
_N = Annotated[int, Meta(description="Number of cases: followers, people or events, as the definition says.")]
_Low = Annotated[float | None, Meta(description="Lower bound of the 95% interval; null for a complete count.")]
_High = Annotated[float | None, Meta(description="Upper bound of the 95% interval; null for a complete count.")]
_TooFew = Annotated[bool, Meta(description="It is estimated from fewer than 30 cases.")]
_Value = Annotated[float | None, Meta(description="Shares are from 0 to 1; null without cases.", examples=[0.412])]


class EstimateFields(TypedDict):
    """The fields of an EstimateResponse."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool


class EstimateResponse(Struct, kw_only=True):
    """A value with its 95% interval and the number of cases."""

    value: _Value
    low: _Low
    high: _High
    n: _N
    too_few: _TooFew


class TotalResponse(EstimateResponse, kw_only=True):
    """The value of a whole range."""

    words: Annotated[_Texts, Meta(description="The value in words, in each language of the pages.")]


class PointResponse(EstimateResponse, kw_only=True):
    """The value of a day, week or month."""

    period: Annotated[str, Meta(description="Its name.", examples=["2026-W48"])]
    starts_on: date
    ends_on: Annotated[date, Meta(description="Its last day, included.")]


class ChangeResponse(Struct, kw_only=True):
    """The value minus that of the range before, and the 95% interval of the difference of two shares; null for others."""

    value: float
    low: float | None
    high: float | None


class SeriesResponse(Struct, kw_only=True):
    """The figure, or a group of it."""

    key: Annotated[str, Meta(description="`all` for the figure itself, otherwise the group.", examples=["wechat"])]
    label: Annotated[_Texts, Meta(description="The name of the group, in each language of the pages.")]
    total: Annotated[TotalResponse, Meta(description="Of the whole range.")]
    previous: Annotated[TotalResponse, Meta(description="Of the range before, which is as long.")]
    change: Annotated[ChangeResponse | None, Meta(description="total - previous; null if one of them is.")]
    points: list[PointResponse]


class AnnotationResponse(Struct, kw_only=True):
    """Something that may explain a change of a figure."""

    on: Annotated[date, Meta(description="The day of the series that it belongs to.")]
    at: Timestamp
    kind: AnnotationKind
    label: _Texts


class FigureResponse(Struct, kw_only=True):
    """A figure over a range of days, as of now: what was reversed since is taken off its day."""

    program: str
    figure: FigureId
    title: _Texts
    measure: Annotated[
        Measure, Meta(description="What kind of number: shares are from 0 to 1, rates and means for each case.")
    ]
    query: Annotated[str, Meta(description="The query that this answers, with what was left out.")]
    zone: Annotated[str, Meta(description="The IANA time zone of the days: that of the program.")]
    unit: Unit
    by: Dimension | None
    window_days: Annotated[
        int | None, Meta(description="How long the friends of a person count; null for figures without such a window.")
    ]
    starts_on: Annotated[date, Meta(description="The first day of the range.")]
    ends_on: Annotated[date, Meta(description="Its last day, included.")]
    previous_starts_on: date
    previous_ends_on: date
    counted_from: Annotated[
        date | None, Meta(description="The first day on which one of the current followers began; null without any.")
    ]
    computed_at: Timestamp
    series: Annotated[list[SeriesResponse], Meta(description="The figure, then its groups.")]
    groups_left_out: Annotated[int, Meta(description="Groups that are not listed, the smallest; 0 for most.")]
    annotations: Annotated[
        list[AnnotationResponse],
        Meta(
            description="Program versions that came into force in the range, first and last days of challenges, and when posts"
            " were featured; at most 100."
        ),
    ]


class ExplanationResponse(Struct, kw_only=True):
    """How a figure is counted."""

    figure: FigureId
    title: _Texts
    definition: _Texts
    interval: Annotated[_Texts, Meta(description="Which interval it has, and the source of the formula.")]
    measure: Measure
    by: Annotated[list[Dimension], Meta(description="The dimensions by which it can be split.")]
    events: Annotated[list[dict[str, Any]], Meta(description="An example of each type of line that it counts.")]


class FigureSummary(Struct, kw_only=True):
    """A figure that there is."""

    figure: FigureId
    title: _Texts
    measure: Measure
    by: list[Dimension]


class FiguresResponse(Struct, kw_only=True):
    """All figures that there are."""

    items: list[FigureSummary]


def figure_summaries() -> list[FigureSummary]:
    """All figures, in the order of the table."""
    return [
        FigureSummary(figure=name, title=_texts(TEXTS[name].title), measure=figure.measure, by=list(figure.by))
        for name, figure in FIGURES.items()
    ]


def figure_explanation(name: FigureId) -> ExplanationResponse:
    """How a figure is counted."""
    figure = FIGURES[name]
    kinds = dict.fromkeys(kind for source, kinds in SOURCE_EVENTS.items() if source in figure.reads for kind in kinds)
    return ExplanationResponse(
        figure=name,
        title=_texts(TEXTS[name].title),
        definition=_texts(TEXTS[name].definition),
        interval=_texts(INTERVAL_TEXTS[figure.measure]),
        measure=figure.measure,
        by=list(figure.by),
        events=[_example(kind) for kind in kinds],
    )


def query_text(reading: FigureReading) -> str:
    """The query that a reading answers, as it is written in a URL."""
    query = reading.query
    by = f"&by={query.by}" if query.by else ""
    window_days = window_days_of(reading)
    window = f"&window={window_days}" if window_days else ""
    return f"{query.figure}?from={reading.days.first}&to={reading.days.last}&unit={query.unit}{by}{window}"


def window_days_of(reading: FigureReading) -> int | None:
    """The window of a figure that has one."""
    return reading.query.window_days if "spread" in FIGURES[reading.query.figure].reads else None


def figure_response(
    program: str, zone: str, reading: FigureReading, computed_at: datetime, noted: Iterable[Annotation]
) -> FigureResponse:
    """A figure that was read, with its texts in each language."""
    query, measure = reading.query, FIGURES[reading.query.figure].measure
    return FigureResponse(
        program=program,
        figure=query.figure,
        title=_texts(TEXTS[query.figure].title),
        measure=measure,
        query=query_text(reading),
        zone=zone,
        unit=query.unit,
        by=query.by,
        window_days=window_days_of(reading),
        starts_on=reading.days.first,
        ends_on=reading.days.last,
        previous_starts_on=reading.before.first,
        previous_ends_on=reading.before.last,
        counted_from=reading.counted_from,
        computed_at=computed_at,
        series=[_series(one, measure, reading) for one in reading.series],
        groups_left_out=reading.groups_left_out,
        annotations=_annotations(noted),
    )


def _annotations(noted: Iterable[Annotation]) -> list[AnnotationResponse]:
    return [
        AnnotationResponse(
            on=one.on, at=one.at, kind=one.kind, label=in_languages(partial(annotation_text, one.kind, one.name))
        )
        for one in noted
    ]


def _series(series: Series, measure: Measure, reading: FigureReading) -> SeriesResponse:
    return SeriesResponse(
        key=series.key,
        label=in_languages(lambda: group_text(series.key, reading.query.by)),
        total=_total(series.total, measure),
        previous=_total(series.previous, measure),
        change=change_response(series.change),
        points=[
            PointResponse(period=point.name, starts_on=point.first, ends_on=point.last, **estimate_fields(estimate))
            for point, estimate in zip(reading.points, series.points, strict=True)
        ],
    )


def _total(estimate: Estimate, measure: Measure) -> TotalResponse:
    return TotalResponse(words=in_languages(lambda: in_words(measure, estimate)), **estimate_fields(estimate))


def estimate_fields(estimate: Estimate) -> EstimateFields:
    """The fields of an EstimateResponse."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "too_few": estimate.too_few,
    }


def change_response(change: Change | None) -> ChangeResponse | None:
    """How a value has changed."""
    return ChangeResponse(value=change.value, low=change.low, high=change.high) if change else None


def _texts(text: object) -> _Texts:
    return in_languages(lambda: str(text))


def in_languages(text: Callable[[], str]) -> dict[Language, str]:
    """A text in each language of the pages."""
    texts: _Texts = {}
    for language in LANGUAGES:
        with force_locale(LOCALES[language]):
            texts[language] = text()
    return texts


def _example(kind: str) -> dict[str, Any]:
    found = decode_json(example(kind))
    return found if isinstance(found, dict) else {}
