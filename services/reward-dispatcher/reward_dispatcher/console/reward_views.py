"""Rewards in the console: those that wait for a person, those of one person, and a single one with its history and actions."""

from collections.abc import Iterator
from typing import assert_never

from flask import Blueprint, request
from werkzeug.wrappers import Response

from referral.console.guard import Visit, console_view
from referral.console.home_part import HomePart, part_response
from referral.console.person import require_person, story_path
from referral.console.roles import permission_for_reward
from referral.events.audit import ActionName
from referral.events.ids import is_person_id, random_id
from referral.events.rewards import LifeState, RewardAction
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.pages.console_shell import back_to, current_program
from reward_dispatcher.console.reward_needs import budget_levels, given_rewards, reward_needs
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.life_history import history
from reward_dispatcher.folds.state_keys import LISTED_STATES
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import step_response
from reward_dispatcher.http_api.reward_actions import Decider, decide
from reward_dispatcher.pages.rewards_page import (
    ACTIONS,
    RewardRows,
    permitted_actions,
    reward_page,
    reward_rows,
    rewards_page,
)

MAX_AT_ONCE = 50  # rows of a page, and so rewards of a form
_MAX_NOTE, _MAX_PERSON = 512, 128
_NEED_A_PERSON = tuple(one for one in LISTED_STATES if one != "holding_period")  # that one ends by itself
REWARDS = "/console/rewards"

blueprint = Blueprint("console_rewards", __name__, template_folder="../pages/templates")


@blueprint.get(REWARDS)
@console_view("read")
def rewards(visit: Visit) -> str:
    """Rewards that wait in one state, the longest wait first; with `person` (a person id), all rewards of that person."""
    program, person = current_program(visit), request.args.get("person", "").strip()[:_MAX_PERSON]
    if program is None:
        return rewards_page(visit, RewardRows([], None, "manual", {}))
    return rewards_page(visit, _of_person(visit, person) if person else _waiting(program))


@blueprint.get(f"{REWARDS}/home")
@console_view("read")
def home_part(visit: Visit) -> Response:
    """What waits here, what was given, and what is left of budgets, for the home view."""
    program = current_program(visit)
    if program is None:
        return part_response(HomePart())
    needs, given = tuple(reward_needs(visit, program)), given_rewards(program)
    return part_response(HomePart(needs, (given,), budget_levels(program)))


@blueprint.get(f"{REWARDS}/<reward>")
@console_view("read")
def reward(visit: Visit, reward: str) -> str:
    """One reward, its history, and what may be done about it."""
    account = _require_reward(visit, reward)
    [row] = reward_rows([account])
    steps = [step_response(account.beneficiary, step) for step in history(account)]
    return reward_page(visit, row, steps, permitted_actions(visit, row.actions))


@blueprint.post(REWARDS)
@console_view("read")
def act(visit: Visit) -> Response:
    """Does something about the chosen rewards, and shows where the form came from again."""
    word, _, single = request.form.get("decision", "").partition(" ")
    action = next((one for one in ACTIONS if one == word), None)
    if action is None:
        raise Problem(400, "malformed_request", f"`decision` must be one of {', '.join(ACTIONS)}.")
    require_permission(visit, action)
    ids = dict.fromkeys([single] if single else request.form.getlist("id")[:MAX_AT_ONCE])
    note = request.form.get("note", "")[:_MAX_NOTE]
    done = [one.id for one in _accounts(visit, ids) if _decide(visit, one, action, note)]
    refused, back = len(ids) - len(done) or None, request.form.get("back", "")
    if is_person_id(back):
        return back_to(story_path(back), ids=done, part="rewards", done=action, refused=refused)
    path = f"{REWARDS}/{single}" if request.form.get("on") == "reward" and done else REWARDS
    state = request.form.get("state") or None
    return back_to(path, done=action, ids=done, refused=refused, state=state)


def action_name(action: RewardAction) -> ActionName:
    """The name of an action in the audit log."""
    match action:
        case "approve":
            return "reward.approved"
        case "fulfil":
            return "reward.fulfilled"
        case "hold":
            return "reward.held"
        case "release":
            return "reward.released"
        case "revoke":
            return "reward.revoked"
        case "restore":
            return "reward.restored"
        case _:
            assert_never(action)


def _decide(visit: Visit, account: Account, action: RewardAction, note: str) -> bool:
    """Whether the ledger did it; not if the reward is in another state by now."""
    visit.record(action_name(action), program=account.program, target=account.id)
    result = decide(account, action, random_id("act"), Decider(visit.operator.id, note))
    return result.outcome == "done"


def require_permission(visit: Visit, action: RewardAction) -> None:
    """Raises Problem 403 if the operator's role does not permit the action."""
    if not visit.may(permission_for_reward(action)):
        detail = f"The role {visit.operator.role} does not permit `{action}`. Ask an admin."
        raise Problem(403, "role_forbids", detail)


def _waiting(program: str) -> RewardRows:
    store = dependencies().store
    counts: dict[LifeState, int] = {key: one.number for key, one in store.task_counts(program, LISTED_STATES).items()}
    wanted = [one for one in LISTED_STATES if one == request.args.get("state")]
    state = next(iter([*wanted, *(one for one in _NEED_A_PERSON if counts[one]), *LISTED_STATES]))
    name = f"{program} {state}"
    found, more = store.tasks(program, [state], decode_position(request.args.get("cursor"), name), MAX_AT_ONCE)
    cursor = encode_position(name, found[-1].since_ms, found[-1].reward) if more else None
    return RewardRows(reward_rows(store.accounts([one.reward for one in found])), cursor, state, counts)


def _of_person(visit: Visit, person: str) -> RewardRows:
    """A page of a person's rewards. Raises Problem 404 as `require_person` does."""
    program = require_person(visit, person)
    start = decode_position(request.args.get("cursor"), person)
    first = int(start.score) if start else 0
    page = dependencies().store.wallet(program, person, first, MAX_AT_ONCE)
    following = first + MAX_AT_ONCE
    cursor = encode_position(person, following, "") if following < page.total else None
    return RewardRows(reward_rows(page.accounts), cursor, None, {}, person)


def _accounts(visit: Visit, ids: dict[str, None]) -> Iterator[Account]:
    """Those of the operator's programs that exist."""
    programs = visit.programs()
    yield from (one for one in dependencies().store.accounts(list(ids)) if one.program in programs)


def _require_reward(visit: Visit, id: str) -> Account:
    account = dependencies().store.account(id)
    if account is None or account.program not in visit.programs():
        raise Problem(404, "unknown_reward", f"Unknown reward {id[:64]!r}.")
    return account
