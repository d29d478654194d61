"""`/v1/programs/{p}/replays`: other rules over the recorded past, beside the live state. Nothing live changes."""

import msgspec
from flask import Response, request
from flask_smorest import Blueprint

from conversion_tracker.dependencies import dependencies
from conversion_tracker.replay.jobs import MAX_CONCURRENT, ReplayBusy, ReplayJob, new_replay_id
from conversion_tracker.replay.replay_openapi import RULES_BODY
from conversion_tracker.replay.replay_request import read_rules
from conversion_tracker.replay.replay_schemas import ReplayOut
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem
from referral.http.require import require_program

blueprint = Blueprint("replays", __name__, description="Other rules over the recorded past.")
_NONE = "No such program, or no such replay of it within the last day."


@blueprint.post("/v1/programs/<program>/replays")
@requires("admin")
@idempotent
@blueprint.response(202, ReplayOut, description="The replay has started; `Location` is its address.")
@blueprint.alt_response(404, description="No such program.")
@blueprint.alt_response(409, description="A replay of this program is under way.")
@blueprint.alt_response(415, description="The rules are not JSON.")
@blueprint.alt_response(422, description="The rules are no program of this id; `errors` names each place.")
@blueprint.alt_response(429, description="As many replays as may be are under way.")
@blueprint.doc(requestBody=RULES_BODY)
def ask(program: str) -> Response:
    """Replay a program's recorded past under other rules.

    The rules of the body stand in for all versions, from the beginning. The answer comes at once; who gains and who loses is in
    the replay when it is done.
    """
    require_program(program)
    rules = read_rules(request.get_data(), request.mimetype, program)
    job = ReplayJob(
        id=new_replay_id(), program=program, status="running", asked_at=to_datetime(context().clock.now_ms())
    )
    _start(job, rules)
    return _answer(job, 202, {"Location": f"/v1/programs/{program}/replays/{job.id}"})


@blueprint.get("/v1/programs/<program>/replays/<replay>")
@requires("admin")
@blueprint.response(200, ReplayOut)
@blueprint.alt_response(404, description=_NONE)
def look(program: str, replay: str) -> Response:
    """How far a replay is, and what came of it."""
    return _answer(_found(program, replay))


@blueprint.delete("/v1/programs/<program>/replays/<replay>")
@requires("admin")
@blueprint.response(200, ReplayOut)
@blueprint.alt_response(404, description=_NONE)
def cancel(program: str, replay: str) -> Response:
    """End a replay that is under way. One that is over stays as it is."""
    job = _found(program, replay)
    if job.status == "running":
        dependencies().jobs.update(msgspec.structs.replace(job, status="cancelled", detail="it was cancelled"))
    return _answer(_found(program, replay))


def _start(job: ReplayJob, rules: Program) -> None:
    try:
        dependencies().replays.start(job, rules)
    except ReplayBusy as busy:
        if busy.id is None:
            detail = (
                f"{MAX_CONCURRENT} replays are under way, and more would slow each other down. Ask again in a while."
            )
            raise Problem(429, "too_many_replays", detail, headers={"Retry-After": "5"}) from None
        detail = f"{busy.id} of {job.program} is under way. Wait for it, or cancel it with DELETE."
        raise Problem(409, "replay_under_way", detail) from None


def _found(program: str, replay: str) -> ReplayJob:
    job = dependencies().jobs.job(program, replay)
    if job is None:
        detail = f"Unknown replay {replay} of {program}. Replays are stored for a day; start it again."
        raise Problem(404, "unknown_replay", detail)
    return job


def _answer(job: ReplayJob, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(job), status, headers, mimetype="application/json")
