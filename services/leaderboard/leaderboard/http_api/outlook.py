"""What to do next, and what it may cost: the channels to focus on, and the liability of rewards."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from flask import request
from msgspec import Meta, Struct

from leaderboard.domain.date_range import DateRange
from leaderboard.domain.estimate import Estimate
from leaderboard.domain.figure_series import Series
from leaderboard.domain.focus import FocusChannel, focus_on
from leaderboard.domain.liability import BudgetEnd, RuleLiability, budget_end, rule_liability
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.figure_responses import (
    ChangeResponse,
    EstimateResponse,
    change_response,
    estimate_fields,
    in_languages,
)
from leaderboard.http_api.figures import FigureParameters, read_figure, today_in
from leaderboard.http_api.requests import require_zone
from leaderboard.insight_reader import FigureQuery
from leaderboard.pages.figure_texts import focus_words
from leaderboard.rewards_client import BudgetAmounts
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.responses import response
from referral.pages.languages import Language

RECENT_DAYS = 28
blueprint = Blueprint("outlook", __name__)


class FocusChannelResponse(Struct, kw_only=True):
    """A channel to focus on."""

    channel: Annotated[str, Meta(examples=["wechat"])]
    share: Annotated[EstimateResponse, Meta(description="Of the referred followers with a known channel.")]
    change: Annotated[ChangeResponse | None, Meta(description="Since the range before.")]


class FocusResponse(Struct, kw_only=True):
    """The two or three channels that bring most of the friends."""

    program: str
    starts_on: date
    ends_on: date
    channels: Annotated[
        list[FocusChannelResponse], Meta(description="The strongest first; none with fewer than 30 referred followers.")
    ]
    share: Annotated[EstimateResponse, Meta(description="What they bring together.")]
    words: Annotated[dict[Language, str], Meta(description="The advice, in each language of the pages.")]


class RuleLiabilityResponse(Struct, kw_only=True):
    """What a reward rule has promised."""

    rule: Annotated[str, Meta(description="The id of the reward rule.", examples=["first20"])]
    outstanding: Annotated[int, Meta(description="Granted, and neither used, revoked nor expired.")]
    held: Annotated[int, Meta(description="Those of them that wait: for a budget, a code or a person.")]
    use_rate: Annotated[EstimateResponse, Meta(description="Used / (used or expired), of this rule so far.")]
    likely_used: Annotated[EstimateResponse, Meta(description="How many of the outstanding will be used at this rate.")]


class BudgetOutlookResponse(Struct, kw_only=True):
    """A budget, and when it ends. Amounts are in minor units of the currency."""

    budget: Annotated[str, Meta(examples=["total"])]
    currency: str
    total: int
    spent: int
    held: int
    free: int
    per_day: Annotated[EstimateResponse, Meta(description=f"Cost a day by the referrals of {RECENT_DAYS} days.")]
    ends_on: Annotated[date | None, Meta(description="When it ends at this rate; null if not within ten years.")]
    earliest: date | None
    latest: date | None


class LiabilityResponse(Struct, kw_only=True):
    """What rewards may still cost."""

    program: str
    status: Annotated[
        Literal["available", "not_available"],
        Meta(description="`not_available` while reward-dispatcher does not respond: then the lists are empty."),
    ]
    reason: Annotated[str | None, Meta(description="Why it is not available.")]
    rules: list[RuleLiabilityResponse]
    budgets: list[BudgetOutlookResponse]


@blueprint.get("/v1/programs/<program>/insights/focus")
@requires("read")
@blueprint.arguments(FigureParameters(only=("first", "last")), location="query")
@response(FocusResponse)
@blueprint.alt_response(404, description="Unknown program.")
def focus(query: dict[str, Any], program: str) -> FocusResponse:
    """The two or three channels that bring most of the friends: where more effort pays."""
    reading = read_figure({**query, "unit": "all", "by": "channel"}, program, "followers")
    groups = reading.series[1:]
    found = focus_on(_counts(groups, before=False), _counts(groups, before=True))
    return FocusResponse(
        program=program,
        starts_on=reading.days.first,
        ends_on=reading.days.last,
        channels=[_channel(one) for one in found.channels],
        share=_estimate(found.share),
        words=in_languages(lambda: focus_words(found)),
    )


@blueprint.get("/v1/programs/<program>/insights/liability")
@requires("read")
@response(LiabilityResponse)
@blueprint.alt_response(404, description="Unknown program.")
def liability(program: str) -> LiabilityResponse:
    """What rewards may still cost: what is promised and held, how much of it is likely used, and when each budget ends.

    Read from reward-dispatcher with the key of this request.
    """
    zone = require_zone(program)
    found = dependencies().rewards.read(program, request.headers.get("Authorization", ""))
    return LiabilityResponse(
        program=program,
        status="not_available" if found.unavailable else "available",
        reason=found.unavailable,
        rules=[_rule(rule_liability(rule, by_status)) for rule, by_status in sorted(found.by_rule.items())],
        budgets=_budgets(program, zone, found.budgets),
    )


def _budgets(program: str, zone: str, budgets: list[BudgetAmounts]) -> list[BudgetOutlookResponse]:
    if not budgets:
        return []
    today = today_in(zone)
    recent = DateRange(today - timedelta(days=RECENT_DAYS), today - timedelta(days=1))
    now_s = context().clock.now_ms() // 1000
    reading = dependencies().insights.read(program, zone, FigureQuery("funnel", recent, "all"), now_s)
    qualified = dependencies().insights.qualified(program)
    number = int(reading.series[0].total.value or 0)
    return [_budget(one, budget_end(one.spent, one.free, qualified, number, RECENT_DAYS, today)) for one in budgets]


def _budget(amounts: BudgetAmounts, end: BudgetEnd) -> BudgetOutlookResponse:
    return BudgetOutlookResponse(
        budget=amounts.id,
        currency=amounts.currency,
        total=amounts.total,
        spent=amounts.spent,
        held=amounts.held,
        free=amounts.free,
        per_day=_estimate(end.per_day),
        ends_on=end.on,
        earliest=end.earliest,
        latest=end.latest,
    )


def _rule(found: RuleLiability) -> RuleLiabilityResponse:
    return RuleLiabilityResponse(
        rule=found.rule,
        outstanding=found.outstanding,
        held=found.held,
        use_rate=_estimate(found.use_rate),
        likely_used=_estimate(found.likely),
    )


def _channel(one: FocusChannel) -> FocusChannelResponse:
    return FocusChannelResponse(channel=one.channel, share=_estimate(one.share), change=change_response(one.change))


def _counts(groups: tuple[Series, ...], before: bool) -> dict[str, int]:
    return {one.key: int((one.previous if before else one.total).value or 0) for one in groups}


def _estimate(estimate: Estimate) -> EstimateResponse:
    return EstimateResponse(**estimate_fields(estimate))
