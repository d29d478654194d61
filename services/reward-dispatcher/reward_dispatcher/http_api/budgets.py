"""The budgets of a program: what is spent and left, what they stopped, and a new look at it."""

import msgspec

from referral.events.budgets import BudgetReleaseRequested
from referral.events.rewards import reward_key
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.paging import PageQuery, decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.topics import REWARDS
from reward_dispatcher.budget_store import BudgetFigures
from reward_dispatcher.domain.budget import WaitingCharge
from reward_dispatcher.domain.budget_limit import declared_budgets, known_budgets, limit_at
from reward_dispatcher.http_api.budget_responses import (
    BudgetResponse,
    BudgetsResponse,
    StoppedSummary,
    WaitingRewardResponse,
    WaitingRewardsResponse,
)
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import beneficiaries

blueprint = Blueprint("budgets", __name__)
_encode = msgspec.json.Encoder().encode


@blueprint.get("/v1/programs/<program>/budgets")
@requires("read")
@response(BudgetsResponse)
def budgets(program: str) -> BudgetsResponse:
    """What each budget of the program allows, and what of it is spent, held and free; `total` first. Amounts are minor units.

    A budget that changed its currency is listed once for each.
    """
    require_program(program)
    return BudgetsResponse(items=budget_responses(program))


@blueprint.get("/v1/programs/<program>/budgets/<budget>/stopped")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@response(WaitingRewardsResponse)
@blueprint.alt_response(404, description="Unknown program or budget.")
def stopped(page: dict[str, object], program: str, budget: str) -> WaitingRewardsResponse:
    """The rewards that wait for a budget, in the order in which it releases them: oldest first."""
    unit, limit = _require_budget(program, budget), int(str(page["limit"]))
    return waiting_rewards(program, budget, unit, page["cursor"], limit)


@blueprint.post("/v1/programs/<program>/budgets/<budget>/release")
@requires("rewards:write")
@idempotent
@response(BudgetResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown program or budget.")
def release(program: str, budget: str) -> BudgetResponse:
    """Asks the budget to look again at what it stopped; the answer has its figures from before. Can be repeated.

    Not needed after a top-up: the budget looks by itself, at the next tick of the clock at which a larger total is in force.
    """
    unit = _require_budget(program, budget)
    request_release(program, budget, unit)
    [found] = dependencies().budgets.figures(program, [(budget, unit)])
    return _budget(found, _limit(program, budget, unit))


def budget_responses(program: str) -> list[BudgetResponse]:
    """The figures of a program's budgets, its own first."""
    known = known_budgets(context().catalog.versions(program))
    found = dependencies().budgets.figures(program, known)
    return [_budget(one, _limit(program, *name)) for name, one in zip(known, found, strict=True)]


def waiting_rewards(program: str, budget: str, unit: str, cursor: object, limit: int) -> WaitingRewardsResponse:
    """A page of the rewards that wait for a budget, oldest first."""
    waiting = dependencies().budgets.stopped(program, budget, unit, decode_offset(cursor), limit)
    return WaitingRewardsResponse(
        items=_waiting_rewards(waiting, unit, _limit(program, budget, unit)),
        next_cursor=encode_cursor(waiting[-1].number) if len(waiting) == limit else None,
    )


def request_release(program: str, budget: str, unit: str) -> None:
    """Asks a budget to look again at what it stopped. Raises NotDurable and Overloaded."""
    now = to_datetime(context().clock.now_ms())
    line = BudgetReleaseRequested(occurred_at=now, program=program, budget=budget, unit=unit)
    dependencies().publisher.publish(REWARDS, [(reward_key(line), _encode(line))])


def _require_budget(program: str, budget: str) -> str:
    """The unit of a budget, by the newest version that has it. Raises Problem 404 if none has."""
    require_program(program)
    for version in reversed(context().catalog.versions(program)):
        declared = declared_budgets(version.program)
        if budget in declared:
            return declared[budget].unit
    known = ", ".join(dict.fromkeys(id for id, _ in known_budgets(context().catalog.versions(program)))) or "none"
    raise Problem(404, "unknown_budget", f"Program {program} has no budget {budget!r}. It has: {known}.")


def _limit(program: str, budget: str, unit: str) -> int:
    return limit_at(context().catalog.versions(program), budget, unit, context().clock.now_ms())


def _budget(figures: BudgetFigures, limit: int) -> BudgetResponse:
    account = figures.account
    return BudgetResponse(
        id=account.budget,
        currency=account.unit,
        total=limit,
        spent=figures.spent,
        held=figures.held,
        free=figures.free(limit),
        stopped=StoppedSummary(count=account.waiting, amount=account.waiting_amount),
    )


def _waiting_rewards(waiting: list[WaitingCharge], unit: str, limit: int) -> list[WaitingRewardResponse]:
    people = beneficiaries({place.beneficiary for place in waiting})
    return [
        WaitingRewardResponse(
            reward_id=place.reward,
            beneficiary=place.beneficiary,
            external_id=person.external_id if (person := people[place.beneficiary]) else None,
            amount=place.amount,
            currency=unit,
            since=to_datetime(place.asked_ms),
            exceeds_budget=place.amount > limit,
        )
        for place in waiting
    ]
