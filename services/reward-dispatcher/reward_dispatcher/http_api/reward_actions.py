"""What operators decide about single rewards, and the rewards that wait for a decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from flask import g

from referral.events.ids import random_id
from referral.events.people import PersonText
from referral.events.rewards import LifeState, RewardAction, RewardActionRequested
from referral.events.timestamps import to_datetime
from referral.http.api_keys import has_scope, requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.openapi import IDEMPOTENCY_KEY
from referral.http.openapi_annotations import reads_headers
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.people.known_people import known_people
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.life_cycle import legal_actions
from reward_dispatcher.domain.life_history import history
from reward_dispatcher.domain.operator_actions import ActionResult
from reward_dispatcher.folds.state_keys import CLAWED_BACK, LISTED_STATES, TASK_STATES
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import decided, decided_all
from reward_dispatcher.http_api.request_identity import request_id
from reward_dispatcher.http_api.requests import RewardActionRequest, TasksQuery
from reward_dispatcher.http_api.responses import (
    HistoryResponse,
    RewardResponse,
    TasksResponse,
    reward_responses,
    step_response,
    use_responses,
)
from reward_dispatcher.http_api.rewards import require_reward

blueprint = Blueprint("reward_actions", __name__)


@blueprint.post("/v1/rewards/<reward_id>/<any(approve,fulfil,hold,release,revoke,restore):action>")
@requires("rewards:write")
@blueprint.arguments(RewardActionRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(RewardResponse)
@blueprint.alt_response(404, description="Unknown reward.")
@blueprint.alt_response(409, description="Not legal in the reward's state; `detail` states which actions are.")
def act(body: dict[str, str], reward_id: str, action: RewardAction) -> RewardResponse:
    """Ends a holding period (approve), completes a task (fulfil), holds or releases, takes back (revoke) or gives back (restore).

    With an `Idempotency-Key`, the same request again gets the first result.
    """
    account = require_reward(reward_id)
    decider = Decider(body["by"], body["note"], g.key.id)
    result = decide(account, action, request_id("act", account.id, action), decider)
    if result.outcome != "done":
        raise _refusal(account, result)
    [answer] = reward_responses([require_reward(reward_id)], shows_code=has_scope(g.key, "rewards:read"))
    return answer


@blueprint.get("/v1/rewards/<reward_id>/history")
@requires("read")
@response(HistoryResponse)
@blueprint.alt_response(404, description="Unknown reward.")
def reward_history(reward_id: str) -> HistoryResponse:
    """Every step of a reward's life, the earliest first, with who decided it and why, and what it was used for."""
    account = require_reward(reward_id)
    steps = [step_response(account.beneficiary, step) for step in history(account)]
    return HistoryResponse(account.id, account.program, steps, use_responses(account))


@blueprint.get("/v1/programs/<program>/rewards")
@requires("read")
@blueprint.arguments(TasksQuery, location="query")
@response(TasksResponse)
@blueprint.alt_response(404, description="Unknown program.")
def tasks(query: dict[str, str], program: str) -> TasksResponse:
    """Rewards that wait for a person or a remedy, the longest wait first.

    `manual` is a task to complete (fulfil), `operator` held by a person, `pool_empty` and `file_missing` wait for codes and files,
    `budget` for money; `clawed_back` was used and revoked afterwards. `holding_period` only waits for time: ask for it by name.
    """
    require_program(program)
    states, limit = _task_states(query.get("status"), query.get("hold_reason")), int(query["limit"])
    name = f"{program} {' '.join(states)}"
    found, more = dependencies().store.tasks(program, states, decode_position(query["cursor"], name), limit)
    last = found[-1] if more else None
    accounts = dependencies().store.accounts([one.reward for one in found])
    return TasksResponse(
        items=reward_responses(accounts, shows_code=has_scope(g.key, "rewards:read")),
        next_cursor=encode_position(name, last.since_ms, last.reward) if last else None,
    )


def _task_states(status: str | None, hold_reason: str | None) -> list[LifeState]:
    """The lists that the query names."""
    listed = LISTED_STATES if hold_reason else TASK_STATES
    chosen = [state for state in listed if status is None or (state == CLAWED_BACK) == (status == CLAWED_BACK)]
    return [state for state in chosen if hold_reason in (None, state)]


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, why (the text of the note), and with which API key; an operator of the console has none."""

    by: str
    note: str = ""
    api_key: str | None = None


def decide(account: Account, action: RewardAction, request: str, decider: Decider) -> ActionResult:
    """Returns the ledger's result of a request, the first one if it was decided before. Raises Problem 503 and NotDurable."""
    store = dependencies().store
    earlier = store.action_result(account.program, account.beneficiary, request)
    if earlier is not None:
        return earlier
    line, note = _requested(account, action, request, decider)
    return decided(line, lambda: store.action_result(account.program, account.beneficiary, request), note)


def decide_all(accounts: Sequence[Account], action: RewardAction, decider: Decider) -> list[ActionResult]:
    """Returns the ledger's results of one action on many rewards; those that are not decided in time are left out.

    All requests go on the log at once. Raises NotDurable.
    """
    requests = {random_id("act"): account for account in accounts}
    lines = [_requested(account, action, request, decider) for request, account in requests.items()]
    store = dependencies().store
    return decided_all(lines, lambda: store.action_results([(one, request) for request, one in requests.items()]))


def _requested(
    account: Account, action: RewardAction, request: str, decider: Decider
) -> tuple[RewardActionRequested, PersonText | None]:
    """The line that requests an action, and the record of the note."""
    note = new_note(account, decider.note, request)
    line = RewardActionRequested(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=account.program,
        id=account.id,
        beneficiary=account.beneficiary,
        request=request,
        action=action,
        by=decider.by,
        note=note.text_id if note else None,
        api_key=decider.api_key,
    )
    return line, note


def new_note(account: Account, text: str, request: str) -> PersonText | None:
    """The record of the note, in `people`: it names a person. None for an empty one, and about a person who was erased."""
    id = account.beneficiary
    if not text.strip() or known_people([id], context().people)[id] is None:
        return None
    return PersonText(
        id=id,
        program=account.program,
        recorded_at=to_datetime(context().clock.now_ms()),
        text_id=f"txt_{request.partition('_')[2]}",
        kind="note",
        text=text,
    )


def _refusal(account: Account, result: ActionResult) -> Problem:
    match result.outcome:
        case "unknown":
            return Problem(409, "unknown", f"Reward {account.id} is unknown to the ledger.")
        case "illegal" | "done":
            state = result.state or "expired"
            actions = legal_actions(state)
            legal = (
                f"What is possible: {', '.join(actions)}." if actions else "Its life is over: no action is possible."
            )
            detail = f"Reward {account.id} is {_IN_WORDS.get(state, state)}: {result.action} is not possible. {legal}"
            return Problem(409, "illegal_action", detail)
        case _:
            assert_never(result.outcome)


_IN_WORDS = {
    "holding_period": "in its holding period",
    "manual": "waiting for a person to complete it",
    "pool_empty": "waiting for a code: its pool is empty",
    "file_missing": "waiting for its file",
    "operator": "held by an operator",
    "approved": "approved and waiting for its code",
    "redeemed": "used",
    "clawed_back": "used, and revoked afterwards",
}
