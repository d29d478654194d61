"""What an experiment shows, in words. The caller sets the locale (`force_locale`) to that of `language`."""

from typing import assert_never

from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale

from leaderboard.domain.experiment_analysis import Analysis
from leaderboard.statistics.uplift import Uplift
from referral.events.content import ContentItem, Experiment, ExperimentMetric
from referral.pages.languages import Language, gettext, localize_in

_FROM_TIMES = 1.0
"""From twice as often on, an uplift reads better as a multiple than as a percentage."""


def answer(
    item: ContentItem, experiment: Experiment, analysis: Analysis, decided: str | None, language: Language
) -> str:
    """Returns the answer in one or two sentences: what is broken, which variant is better and by how much, or what is missing.

    Once it is decided, everyone new gets the same variant, so the split is no sign of anything any more.
    """
    if decided is None and analysis.has_sample_ratio_mismatch:
        return gettext(
            "People are not split as the weights say: check how variants are assigned before you read the figures."
        )
    if decided is None and analysis.has_multiple_exposures:
        return gettext(
            "Too many people saw several variants: check how variants are assigned before you read the figures."
        )
    fewest = min(one.people for one in analysis.variants)
    best, uplift = leading_variant(analysis)
    if best is None or uplift is None:
        return gettext(
            "Not enough data yet: %(people)s of %(needed)s people in the smallest variant.",
            people=_number(fewest),
            needed=_number(experiment.min_people),
        )
    sentence = _comparison(experiment.metric, _name(item, best, language), uplift)
    if decided is not None:
        ending = gettext("Decided: use “%(name)s”.", name=_name(item, decided, language))
    elif uplift.low > 0:
        ending = gettext("This difference is certain.")
    else:
        ending = gettext("This may be chance: let the experiment run.")
    return gettext("%(sentence)s %(ending)s", sentence=sentence, ending=ending)


def leading_variant(analysis: Analysis) -> tuple[str | None, Uplift | None]:
    """Returns the variant with the highest ratio, and its uplift over the next; None while a ratio is not known."""
    wanted = len(analysis.variants) - 1
    for one in analysis.variants:
        better = analysis.comparisons(one.variant)
        if len(better) == wanted:
            return one.variant, min(better.values(), key=lambda uplift: uplift.value)
    return None, None


def _comparison(metric: ExperimentMetric, name: str, uplift: Uplift) -> str:
    if uplift.value >= _FROM_TIMES:
        figures = {"by": _times(uplift.value), "low": _times(uplift.low), "high": _times(uplift.high)}
        return _as_multiple(metric, name, figures)
    figures = {"by": _percent(uplift.value), "low": _percent(uplift.low), "high": _percent(uplift.high)}
    return _as_percentage(metric, name, figures)


def _as_multiple(metric: ExperimentMetric, name: str, figures: dict[str, str]) -> str:
    match metric:
        case "shares_per_impression":
            return gettext("“%(name)s” is shared %(by)s times as often (%(low)s to %(high)s).", name=name, **figures)
        case "follows_per_impression":
            return gettext(
                "“%(name)s” brings %(by)s times as many followers per impression (%(low)s to %(high)s).",
                name=name,
                **figures,
            )
        case _:
            assert_never(metric)


def _as_percentage(metric: ExperimentMetric, name: str, figures: dict[str, str]) -> str:
    match metric:
        case "shares_per_impression":
            return gettext("“%(name)s” is shared %(by)s more often (%(low)s to %(high)s).", name=name, **figures)
        case "follows_per_impression":
            return gettext(
                "“%(name)s” brings %(by)s more followers per impression (%(low)s to %(high)s).", name=name, **figures
            )
        case _:
            assert_never(metric)


def _name(item: ContentItem, variant: str, language: Language) -> str:
    return next((localize_in(cta.text, language) for cta in item.ctas if cta.id == variant), variant)


def _number(value: float) -> str:
    return str(format_decimal(value, locale=get_locale()))


def _times(uplift: float) -> str:
    return str(format_decimal(1 + uplift, format="#,##0.0", locale=get_locale()))


def _percent(uplift: float) -> str:
    return str(format_percent(uplift, format="#,##0%", locale=get_locale()))
