"""`POST /v1/programs/{p}/clicks/reclass`: corrects the visitor class of one click, or of all clicks of a code in a period."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from flask import g
from msgspec import Meta, Struct

from link_issuer.click_log import MAX_DELAY_MS, ClickLog, SearchTooLarge
from link_issuer.domain.click_reclassification import new_return_state, reclassify
from link_issuer.http_api.clicks.reclassification_request import (
    EXAMPLE,
    ReclassificationSchema,
    invalid_reclassification,
    read_reclassification,
)
from link_issuer.http_api.dependencies import dependencies
from referral.events.entities import Link, UseReturned
from referral.events.facts import ClickReclassed, LinkClicked
from referral.events.ids import random_id
from referral.events.people import PersonText
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.validation.mistakes import Mistake

MAX_CLICKS = 10_000
_SEARCH_PERIOD = timedelta(days=35)

blueprint = Blueprint("clicks", __name__, description="Recorded clicks and their visitor classes.")


class ReclassificationResponse(Struct):
    """The result of a reclassification."""

    reclassed: Annotated[int, Meta(description="How many clicks were found and given the class.")]
    visitor: str
    returned: Annotated[
        int, Meta(description="How many uses of links with `max_uses` were returned (negative: taken again).")
    ]


@blueprint.route("/v1/programs/<program>/clicks/reclass", methods=["POST"])
@requires("admin")
@idempotent
@response(ReclassificationResponse)
@blueprint.alt_response(404, description="Unknown program, or the log has no such click since `from`.")
@blueprint.alt_response(
    413, description="More clicks, or more of the log, than one request can process: send a shorter period."
)
@blueprint.alt_response(503, description="The log did not respond: send the request again; nothing counts twice.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": ReclassificationSchema, "example": EXAMPLE}},
    }
)
def reclass(program: str) -> ReclassificationResponse:
    """Correct the visitor class of recorded clicks.

    Counters move each click to its new class, on the day it happened, once however often it is sent; the latest class counts.
    If a click was not a person's, its use of a link with `max_uses` is returned.
    """
    require_program(program)
    body = read_reclassification()
    now = to_datetime(context().clock.now_ms())
    clicks = [click for click in _find_clicks(program, body) if body.get("was", click.visitor) == click.visitor]
    by, note = body.get("by", g.key.id), _note(program, clicks, body.get("note", ""), now)
    note_id = note.text_id if note else None
    lines = [reclassify(click, body["visitor"], now, by, note_id, g.key.id) for click in clicks]
    dependencies().store.write([], [note] if note else [])
    dependencies().send_all(lines)
    return ReclassificationResponse(reclassed=len(lines), visitor=body["visitor"], returned=_return_uses(lines))


def _note(program: str, clicks: Sequence[LinkClicked], text: str, now: datetime) -> PersonText | None:
    """The operator's note, as a record about the participant: it is erased with them. All clicks of a request are of one."""
    if not clicks or not text.strip():
        return None
    person, text_id = clicks[0].participant, random_id("txt")
    return PersonText(id=person, program=program, recorded_at=now, text_id=text_id, kind="note", text=text)


def _find_clicks(program: str, body: dict[str, Any]) -> Sequence[LinkClicked]:
    """The selected clicks, from the log. Raises Problem."""
    log = ClickLog(context().settings)
    try:
        return _find_one(log, program, body) if "click" in body else _find_by_code(log, program, body)
    except SearchTooLarge as error:
        detail = f"{str(error).capitalize()}: send a shorter period from `from` to `to`. Nothing was changed."
        raise Problem(413, "too_much", detail) from error


def _find_one(log: ClickLog, program: str, body: dict[str, Any]) -> Sequence[LinkClicked]:
    since = body.get("from_") or to_datetime(context().clock.now_ms()) - _SEARCH_PERIOD
    click = log.find(program, body["click"], to_ms(since))
    if click is None:
        detail = f"The log has no click {body['click']} of {program} since {since.isoformat()}. Send an earlier `from`."
        raise Problem(404, "unknown_click", detail)
    return [click]


def _find_by_code(log: ClickLog, program: str, body: dict[str, Any]) -> Sequence[LinkClicked]:
    """All clicks of a code in a period that is over: later ones may not be on the log yet. Raises Problem."""
    latest = to_datetime(context().clock.now_ms()) - timedelta(milliseconds=MAX_DELAY_MS)
    if body["to"] > latest:
        raise invalid_reclassification(
            Mistake("/to", f"must be {latest.isoformat()} at the latest: later clicks may not be recorded yet")
        )
    holder = context().catalog.code(body["code"])
    if holder is None or holder.program != program:
        raise invalid_reclassification(Mistake("/code", f"{program} has no code {body['code']}"))
    return log.find_by_code(program, holder.code, (to_ms(body["from_"]), to_ms(body["to"])), MAX_CLICKS)


def _return_uses(lines: Sequence[ClickReclassed]) -> int:
    """Returns or takes again the uses of links with `max_uses`: by how many uses were returned. One record per click, so once."""
    if not any(_has_limit(code) for code in {line.code for line in lines}):
        return 0
    catalog = dependencies().store.complete_catalog()
    changed = [
        UseReturned(recorded_at=line.occurred_at, code=line.code, click=line.click, returned=state)
        for line in lines
        if (state := new_return_state(line, catalog.use_was_returned(line.code, line.click))) is not None
    ]
    dependencies().store.write(changed)
    context().follower.read_to_end()
    return sum(1 if use.returned else -1 for use in changed)


def _has_limit(code: str) -> bool:
    holder = context().catalog.code(code)
    return isinstance(holder, Link) and holder.max_uses is not None
