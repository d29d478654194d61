"""One action on all rewards that wait in a state: confirmed with their number and sum, then done at once, with a way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, request

from referral.console.guard import Visit, console_view
from referral.console.home_part import MAX_SUMMED
from referral.events.rewards import LifeState, RewardAction
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import current_program
from reward_dispatcher.console.reward_views import action_name, require_permission
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import total_values
from reward_dispatcher.domain.life_cycle import is_legal, life_state
from reward_dispatcher.folds.state_keys import LISTED_STATES
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.reward_actions import Decider, decide_all
from reward_dispatcher.pages.bulk_page import BulkDone, BulkPreview, confirm_page, done_page
from reward_dispatcher.pages.rewards_page import ACTIONS

PATH = "/console/rewards/all"
_MAX_NOTE = 512

blueprint = Blueprint("console_bulk", __name__, template_folder="../pages/templates")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An action, and the state of the rewards that it is for."""

    program: str
    action: RewardAction
    state: LifeState


@blueprint.get(PATH)
@console_view("read")
def confirm(visit: Visit) -> str:
    """How many rewards an action is for, and what they are worth, before it is done."""
    chosen, now_ms = _chosen(visit, request.args.get("decision"), request.args.get("state")), context().clock.now_ms()
    accounts = _matching(chosen, now_ms)
    total = dependencies().store.task_counts(chosen.program, [chosen.state])[chosen.state].number
    preview = BulkPreview(chosen.action, chosen.state, len(accounts), total, total_values(accounts), now_ms)
    return confirm_page(visit, preview)


@blueprint.post(PATH)
@console_view("read")
def act(visit: Visit) -> str:
    """Does it: for those that waited when it was confirmed, or for those that the form names, to take it back."""
    ids = list(dict.fromkeys(request.form.getlist("id")))[:MAX_SUMMED]
    chosen = _chosen(visit, request.form.get("decision"), request.form.get("state"))
    accounts = _named(chosen, ids) if ids else _matching(chosen, request.form.get("as_of", 0, type=int))
    possible = [one for one in accounts if is_legal(life_state(one), chosen.action)]
    visit.record_all(action_name(chosen.action), chosen.program, [one.id for one in possible])
    note = request.form.get("note", "")[:_MAX_NOTE]
    results = decide_all(possible, chosen.action, Decider(visit.operator.id, note)) if possible else []
    changed = [result.reward for result in results if result.outcome == "done"]
    return done_page(visit, BulkDone(chosen.action, chosen.state, changed, max(len(ids), len(accounts)) - len(changed)))


def _chosen(visit: Visit, action: str | None, state: str | None) -> _Chosen:
    """What the request is about. Raises Problem 400 for an action or state that there is not, 403 without the permission."""
    program = current_program(visit)
    known_action = next((one for one in ACTIONS if one == action), None)
    known_state = next((one for one in LISTED_STATES if one == state), None)
    if program is None or known_action is None or known_state is None:
        detail = f"`decision` must be one of {', '.join(ACTIONS)}, `state` one of {', '.join(LISTED_STATES)}."
        raise Problem(400, "malformed_request", detail)
    require_permission(visit, known_action)
    return _Chosen(program, known_action, known_state)


def _matching(chosen: _Chosen, as_of_ms: int) -> list[Account]:
    """The first 500 that wait in the state since before a time, the longest wait first: what came later was not confirmed."""
    store = dependencies().store
    tasks, _ = store.tasks(chosen.program, [chosen.state], None, MAX_SUMMED)
    return store.accounts([one.reward for one in tasks if one.since_ms <= as_of_ms])


def _named(chosen: _Chosen, ids: Sequence[str]) -> list[Account]:
    """Those of the program that exist."""
    return [one for one in dependencies().store.accounts(ids) if one.program == chosen.program]
