"""Replays for the studio of the console: as `/v1/programs/{p}/replays`, with an operator's session in place of a key."""

import msgspec
from flask import Blueprint, Response, request

from conversion_tracker.replay.api import cancel_replay, named_replay, start_replay
from conversion_tracker.replay.jobs import ReplayJob
from conversion_tracker.replay.replay_request import read_days
from referral.console.guard import Visit, console_view
from referral.http.require import require_program
from referral.pages.console_shell import current_program

REPLAYS = "/console/review/replays"
blueprint = Blueprint("console_replays", __name__)


@blueprint.post(REPLAYS)
@console_view("edit_programs")
def start(visit: Visit) -> Response:
    """Starts a replay of the program under the rules of the body, over the last `days` or everything; answers at once."""
    days = read_days(request.args.get("days"))
    return _response(start_replay(_program(visit), request.get_data(), request.mimetype, days), 202)


@blueprint.get(f"{REPLAYS}/<replay>")
@console_view("edit_programs")
def show(visit: Visit, replay: str) -> Response:
    """A replay of the program: its progress, and its result once it is done."""
    return _response(named_replay(_program(visit), replay))


@blueprint.post(f"{REPLAYS}/<replay>/cancel")
@console_view("edit_programs")
def cancel(visit: Visit, replay: str) -> Response:
    """Cancels a running replay."""
    return _response(cancel_replay(_program(visit), replay))


def _program(visit: Visit) -> str:
    """Raises Problem 404 for an unknown program."""
    return require_program(current_program(visit) or "").program.id


def _response(job: ReplayJob, status: int = 200) -> Response:
    return Response(msgspec.json.encode(job), status, mimetype="application/json")
