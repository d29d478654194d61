"""Budgets in the console: what is spent, held and free, what they and the caps stopped, and a release after a top-up."""

import msgspec
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from referral.console.guard import Visit, console_view
from referral.fold.sorted_set_listing import ListEntry
from referral.http.context import context
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program
from reward_dispatcher.http_api.budgets import budget_responses, request_release, waiting_rewards
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import beneficiaries
from reward_dispatcher.http_api.stopped_rewards_response import StoppedRewardsResponse, stopped_reward_response
from reward_dispatcher.pages.budgets_page import budgets_page, stopped_by_budget_page, stopped_by_caps_page

BUDGETS = "/console/rewards/budgets"
_PAGE = 50

blueprint = Blueprint("console_budgets", __name__)


@blueprint.get(BUDGETS)
@console_view("read")
def budgets(visit: Visit) -> str:
    """The budgets of the program, its own first."""
    program = current_program(visit)
    return budgets_page(visit, budget_responses(program) if program else [])


@blueprint.post(BUDGETS)
@console_view("release_budgets")
def release(visit: Visit) -> ResponseReturnValue:
    """Asks a budget to look again at what it stopped."""
    program, budget, unit = _require_budget(visit, request.form.get("budget", ""), request.form.get("unit", ""))
    visit.record("budget.released", program=program, target=budget)
    request_release(program, budget, unit)
    return back_to(BUDGETS, done="release", ids=[budget])


@blueprint.get(f"{BUDGETS}/stopped")
@console_view("read")
def stopped(visit: Visit) -> str:
    """The rewards that wait for a budget, in the order in which it releases them; without `budget` those that caps stopped."""
    cursor = request.args.get("cursor")
    if "budget" not in request.args:
        program = current_program(visit)
        return stopped_by_caps_page(visit, _stopped_by_caps(program, cursor) if program else None)
    program, budget, unit = _require_budget(visit, request.args["budget"], request.args.get("unit", ""))
    return stopped_by_budget_page(visit, budget, waiting_rewards(program, budget, unit, cursor, _PAGE))


@blueprint.get(f"{BUDGETS}/program")
@console_view("read")
def program_file(visit: Visit) -> Response:
    """The newest version of the program as a file, in which budgets are changed: JSON, and so YAML as well."""
    program = current_program(visit)
    version = context().catalog.program(program) if program else None
    if version is None:
        raise Problem(404, "unknown_program", "There is no program yet.")
    text = msgspec.json.format(msgspec.json.encode(version.program), indent=2)
    name = f"{version.program.id}.v{version.version}.json"
    return Response(
        text, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _require_budget(visit: Visit, budget: str, unit: str) -> tuple[str, str, str]:
    """The program, id and unit. Raises Problem 404 if the program has no such budget."""
    program = current_program(visit)
    if program is None or not any((one.id, one.currency) == (budget, unit) for one in budget_responses(program)):
        raise Problem(404, "unknown_budget", f"Unknown budget {budget[:64]!r} in {unit[:8]!r}.")
    return program, budget, unit


def _stopped_by_caps(program: str, cursor: str | None) -> StoppedRewardsResponse:
    position = decode_position(cursor, program)
    found, last = dependencies().stopped.after(program, ListEntry(*position) if position else None, _PAGE)
    people = beneficiaries({one.beneficiary for one in found})
    return StoppedRewardsResponse(
        items=[stopped_reward_response(one, people.get(one.beneficiary)) for one in found],
        next_cursor=encode_position(program, last.score, last.member) if last else None,
    )
