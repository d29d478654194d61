"""`POST /v1/programs/{p}/clicks/reclass`: clicks that were not what they were recorded as, one or all of a code for a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Response, g
from flask_smorest import Blueprint

from link_issuer.click_log import SLACK_MS, ClickLog, TooMuch
from link_issuer.domain.click_reclassification import reclassed, returns
from link_issuer.http_api.clicks import reclassification_request
from link_issuer.http_api.clicks.reclassification_request import LOOK_BACK, MOST_CLICKS, refused
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.request_body import json_answer
from referral.events.entities import Link, UseReturned
from referral.events.facts import ClickReclassed, LinkClicked
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.validation.mistakes import Mistake

blueprint = Blueprint("clicks", __name__, description="Clicks, and who they turn out to have been.")


@blueprint.route("/v1/programs/<program>/clicks/reclass", methods=["POST"])
@requires("admin")
@idempotent
@blueprint.response(200, reclassification_request.ReclassAnswer)
@blueprint.alt_response(404, description="No such program, or the log has no such click since `from`.")
@blueprint.alt_response(
    413, description="More clicks, or more of the log, than one request takes: narrow `from` and `to`."
)
@blueprint.alt_response(503, description="The log did not answer: send it again, it counts once.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": reclassification_request.ReclassSchema,
                "example": reclassification_request.RECLASS,
            }
        },
    }
)
def reclass(program: str) -> Response:
    """Say what clicks were: a person's, or which machine's.

    Counters move each click from the class it had to this one, on the day it happened, once however often it is said; of
    several the latest counts. A person's click that was none gives its place of a bounded link back.
    """
    require_program(program)
    asked = reclassification_request.wish()
    now = to_datetime(context().clock.now_ms())
    found = [one for one in _found(program, asked) if asked.get("was", one.visitor) == one.visitor]
    by, note = asked.get("by", g.key.id), asked.get("note", "")
    lines = [reclassed(one, asked["visitor"], now, by, note) for one in found]
    collaborators().send_all(lines)
    return json_answer({"reclassed": len(lines), "visitor": asked["visitor"], "returned": _return_uses(lines)})


def _found(program: str, asked: dict[str, Any]) -> Sequence[LinkClicked]:
    """The clicks that are meant, as the log has them. Raises Problem."""
    log = ClickLog(context().settings)
    try:
        return _one(log, program, asked) if "click" in asked else _of_code(log, program, asked)
    except TooMuch as error:
        raise Problem(
            413, "too_much", f"{str(error).capitalize()}: narrow `from` and `to`. Nothing was changed."
        ) from error


def _one(log: ClickLog, program: str, asked: dict[str, Any]) -> Sequence[LinkClicked]:
    since = asked.get("from_") or to_datetime(context().clock.now_ms()) - LOOK_BACK
    click = log.one(program, asked["click"], to_ms(since))
    if click is None:
        detail = f"The log has no click {asked['click']} of {program} since {since.isoformat()}. Say an earlier `from`."
        raise Problem(404, "unknown_click", detail)
    return [click]


def _of_code(log: ClickLog, program: str, asked: dict[str, Any]) -> Sequence[LinkClicked]:
    """All of them, or a refusal: a click may reach the log a little after it happened, so the time has to be over."""
    over = to_datetime(context().clock.now_ms()) - timedelta(milliseconds=SLACK_MS)
    if asked["to"] > over:
        raise refused([Mistake("/to", f"is not over: clicks may still arrive; {over.isoformat()} at the latest")])
    via = context().catalog.code(asked["code"])
    if via is None or via.program != program:
        raise refused([Mistake("/code", f"nobody in {program} has the code {asked['code']}")])
    return log.of_code(program, via.code, (to_ms(asked["from_"]), to_ms(asked["to"])), MOST_CLICKS)


def _return_uses(lines: Sequence[ClickReclassed]) -> int:
    """Gives places of bounded links back, or takes them again: by how much they became more. One record a click, so once."""
    if not any(_is_bounded(code) for code in {line.code for line in lines}):
        return 0
    catalog = collaborators().store.complete_catalog()
    changed = [
        UseReturned(recorded_at=line.occurred_at, code=line.code, click=line.click, returned=back)
        for line in lines
        if (back := returns(line, catalog.use_was_returned(line.code, line.click))) is not None
    ]
    collaborators().store.keep(changed)
    context().follower.read_to_end()
    return sum(1 if one.returned else -1 for one in changed)


def _is_bounded(code: str) -> bool:
    found = context().catalog.code(code)
    return isinstance(found, Link) and found.max_uses is not None
