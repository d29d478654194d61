"""Experiments: which call to action works better, by how much, and how certain that is."""

from datetime import datetime
from typing import Annotated

from flask_babel import force_locale
from flask_smorest import Blueprint
from msgspec import Meta, Struct

from leaderboard.domain.experiment_analysis import Analysis, VariantResult, analyse, chances
from leaderboard.experiment_store import ExperimentState
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages.experiment_texts import answer
from leaderboard.statistics.uplift import Uplift
from referral.events.content import ContentItem, Experiment, ExperimentMetric
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.require import unknown_program
from referral.http.responses import Timestamp, response
from referral.pages.languages import LANGUAGES, LOCALES, Language

blueprint = Blueprint("experiments", __name__)


class UpliftResponse(Struct, kw_only=True):
    """By how much a variant is above the first one: 0.5 is 50% more. Its bounds are valid however often they are looked at."""

    value: Annotated[float, Meta(examples=[1.9])]
    low: Annotated[float, Meta(examples=[1.4])]
    high: Annotated[float, Meta(examples=[2.5])]


class VariantResponse(Struct, kw_only=True):
    """A variant: what it showed in people whose window is over."""

    id: Annotated[str, Meta(description="The call to action.", examples=["tag"])]
    weight: Annotated[int, Meta(description="Its share among the weights of all variants.")]
    people: Annotated[int, Meta(description="People who saw it first, and whose window is over.")]
    roots: Annotated[
        int,
        Meta(
            description="Of its people, those whom no friend brought through the content item: the variant was drawn for them."
        ),
    ]
    shown: Annotated[int, Meta(description="Impressions of the content item in their windows.")]
    counted: Annotated[int, Meta(description="Follows or shares in their windows, as the metric says.")]
    ratio: Annotated[float | None, Meta(description="counted / shown; null without an impression.")]
    chance: Annotated[
        float | None, Meta(description="The chance that it is the best, 0 to 1; null without enough data.")
    ]
    uplift: Annotated[
        UpliftResponse | None,
        Meta(description="Against the first variant; null for that one, and without enough data."),
    ]
    mixed_chains: Annotated[
        int, Meta(description="Of its people, those one of whose friends came by a link with another variant.")
    ]


class AlarmsResponse(Struct, kw_only=True):
    """What makes the figures unreliable. An experiment with an alarm is not decided."""

    sample_ratio_mismatch: Annotated[
        bool, Meta(description="People (`roots`) are not split as the weights say (p < 0.001).")
    ]
    sample_ratio_p: Annotated[float, Meta(description="The probability of such a split if they are.")]
    multiple_exposures: Annotated[bool, Meta(description="More than 1% of people saw several variants.")]
    multiple_share: Annotated[float, Meta(description="The share of people who saw several variants, 0 to 1.")]
    multiple_low: Annotated[float, Meta(description="Lower bound of its 95% interval.")]
    multiple_high: Annotated[float, Meta(description="Upper bound of its 95% interval.")]


class DecisionResponse(Struct, kw_only=True):
    """The experiment ended by its rule."""

    variant: str
    decided_at: Timestamp


class ExperimentResponse(Struct, kw_only=True):
    """An experiment of the program's current version."""

    id: Annotated[str, Meta(examples=["exp_cta1"])]
    content: Annotated[str, Meta(description="The content item whose calls to action are compared.")]
    metric: ExperimentMetric
    answer: Annotated[dict[Language, str], Meta(description="What the figures say, in each language of the pages.")]
    people: Annotated[int, Meta(description="People of all variants whose window is over.")]
    counted_from: Annotated[
        Timestamp | None, Meta(description="The earliest impression that counts; null without one.")
    ]
    window_days: int
    variants: list[VariantResponse]
    alarms: AlarmsResponse
    decided: DecisionResponse | None


class ExperimentsResponse(Struct, kw_only=True):
    """The experiments of a program."""

    program: str
    items: list[ExperimentResponse]


@blueprint.get("/v1/programs/<program>/experiments")
@requires("read")
@response(ExperimentsResponse)
@blueprint.alt_response(404, description="Unknown program.")
def experiments(program: str) -> ExperimentsResponse:
    """The experiments of the current program version, as of now.

    Only people whose window is over count, each for the variant that they saw first.
    """
    version = context().catalog.program_at(program, context().clock.now_ms()) or context().catalog.program(program)
    if version is None:
        raise unknown_program(program)
    declared = [(item, item.experiment) for item in version.program.content if item.experiment is not None]
    states = dependencies().experiments.read(program, [experiment.id for _, experiment in declared])
    items = [_experiment(item, experiment, state) for (item, experiment), state in zip(declared, states, strict=True)]
    return ExperimentsResponse(program=program, items=items)


def _experiment(item: ContentItem, experiment: Experiment, state: ExperimentState) -> ExperimentResponse:
    analysis, best = analyse(experiment, state.sums), chances(experiment, state.sums)
    decided = state.decided
    return ExperimentResponse(
        id=experiment.id,
        content=item.id,
        metric=experiment.metric,
        answer=_answers(item, experiment, analysis, decided.variant if decided else None),
        people=analysis.people,
        counted_from=_time(state.sums.since_s),
        window_days=experiment.window_days,
        variants=[_variant(one, best.get(one.variant)) for one in analysis.variants],
        alarms=_alarms(analysis),
        decided=DecisionResponse(variant=decided.variant, decided_at=to_datetime(decided.at_ms)) if decided else None,
    )


def _answers(item: ContentItem, experiment: Experiment, analysis: Analysis, decided: str | None) -> dict[Language, str]:
    texts: dict[Language, str] = {}
    for language in LANGUAGES:
        with force_locale(LOCALES[language]):
            texts[language] = answer(item, experiment, analysis, decided, language)
    return texts


def _variant(result: VariantResult, chance: float | None) -> VariantResponse:
    return VariantResponse(
        id=result.variant,
        weight=result.weight,
        people=result.people,
        roots=result.roots,
        shown=result.shown,
        counted=result.counted,
        ratio=result.ratio,
        chance=chance,
        uplift=_uplift(result.uplift),
        mixed_chains=result.mixed,
    )


def _uplift(uplift: Uplift | None) -> UpliftResponse | None:
    return UpliftResponse(value=uplift.value, low=uplift.low, high=uplift.high) if uplift else None


def _alarms(analysis: Analysis) -> AlarmsResponse:
    low, high = analysis.multiple_interval
    return AlarmsResponse(
        sample_ratio_mismatch=analysis.has_sample_ratio_mismatch,
        sample_ratio_p=analysis.sample_ratio_p,
        multiple_exposures=analysis.has_multiple_exposures,
        multiple_share=analysis.multiple_share,
        multiple_low=low,
        multiple_high=high,
    )


def _time(second: int) -> datetime | None:
    return to_datetime(second * 1000) if second else None
