"""`/v1/programs/{p}/replays`: counterfactual replays, which apply other rules to recorded events. Nothing live changes."""

from datetime import timedelta

import msgspec
from flask import request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.person_request import read_people
from conversion_tracker.replay.jobs import MAX_CONCURRENT, ReplayBusy, ReplayJob, new_replay_id
from conversion_tracker.replay.replay_openapi import RULES_BODY
from conversion_tracker.replay.replay_request import Period, PeriodQuery, read_rules
from conversion_tracker.replay.result import people_in, with_names
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import Headers, response

blueprint = Blueprint("replays", __name__, description="Counterfactual replays: apply other rules to recorded events.")
_UNKNOWN = "Unknown program, or no such replay of it within the last day."


@blueprint.post("/v1/programs/<program>/replays")
@requires("admin")
@idempotent
@blueprint.arguments(PeriodQuery, location="query")
@response(ReplayJob, 202, description="The replay has started; `Location` is its address.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(409, description="A replay of this program is running.")
@blueprint.alt_response(413, description="The rules are larger than a program file may be.")
@blueprint.alt_response(415, description="The body is not JSON.")
@blueprint.alt_response(422, description="The rules are invalid, or of another program; `errors` has every mistake.")
@blueprint.alt_response(429, description="The maximum number of replays is running.")
@blueprint.doc(requestBody=RULES_BODY)
def start(query: Period, program: str) -> tuple[ReplayJob, Headers]:
    """Replay a program's recorded past under other rules.

    The rules of the body replace all versions, from the beginning. With `days`, what happened in the last days is compared; what
    happened before still decides who referred whom. The response comes at once; the replay has its result once it is done.
    """
    require_program(program)
    job = start_replay(program, request.get_data(), request.mimetype, query["days"])
    return job, {"Location": f"/v1/programs/{program}/replays/{job.id}"}


@blueprint.get("/v1/programs/<program>/replays/<replay>")
@requires("admin")
@response(ReplayJob)
@blueprint.alt_response(404, description=_UNKNOWN)
def show(program: str, replay: str) -> ReplayJob:
    """A replay: its progress, and its result once it is done."""
    return named_replay(program, replay)


@blueprint.delete("/v1/programs/<program>/replays/<replay>")
@requires("admin")
@response(ReplayJob)
@blueprint.alt_response(404, description=_UNKNOWN)
def cancel(program: str, replay: str) -> ReplayJob:
    """Cancel a running replay. A replay that has ended stays as it is."""
    return cancel_replay(program, replay)


def start_replay(program: str, body: bytes, mimetype: str, days: int | None) -> ReplayJob:
    """A replay of a program that has started, under the rules of a body; what happened in the last `days` is compared.

    Raises Problem for invalid rules, and 409 or 429.
    """
    rules = read_rules(body, mimetype, program)
    now = to_datetime(context().clock.now_ms())
    since = now - timedelta(days=days) if days is not None else None
    job = ReplayJob(id=new_replay_id(), program=program, status="running", asked_at=now, since=since)
    _start(job, rules)
    return job


def named_replay(program: str, replay: str) -> ReplayJob:
    """A replay of a program, with the names of the people in its result. Raises Problem 404 for an unknown one."""
    return _with_names(_require_job(program, replay))


def cancel_replay(program: str, replay: str) -> ReplayJob:
    """Cancels a replay if it is running, and returns it. Raises Problem 404 for an unknown one."""
    job = _require_job(program, replay)
    if job.status == "running":
        dependencies().jobs.update(msgspec.structs.replace(job, status="cancelled", detail="it was cancelled"))
    return named_replay(program, replay)


def _with_names(job: ReplayJob) -> ReplayJob:
    """Returns the job with the names of the people in its result; they are not stored with it."""
    if job.result is None:
        return job
    return msgspec.structs.replace(job, result=with_names(job.result, read_people(people_in(job.result))))


def _start(job: ReplayJob, rules: Program) -> None:
    """Raises Problem 429 or 409 if no further replay may start."""
    try:
        dependencies().replays.start(job, rules)
    except ReplayBusy as busy:
        if busy.id is None:
            detail = f"{MAX_CONCURRENT} replays are running, which is the maximum. Retry once one of them has ended."
            raise Problem(429, "too_many_replays", detail, headers={"Retry-After": "5"}) from None
        detail = f"{busy.id} of {job.program} is running. Wait for it, or cancel it with DELETE."
        raise Problem(409, "replay_under_way", detail) from None


def _require_job(program: str, replay: str) -> ReplayJob:
    """Raises Problem 404 for an unknown replay."""
    job = dependencies().jobs.job(program, replay)
    if job is None:
        detail = f"Unknown replay {replay} of {program}. Replays are stored for a day; start it again."
        raise Problem(404, "unknown_replay", detail)
    return job
