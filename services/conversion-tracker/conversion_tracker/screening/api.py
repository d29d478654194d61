"""The review API: operators list held conversions and decide on them. A decision is a line of the log like any other event."""

from flask_smorest import Blueprint

from conversion_tracker.dependencies import dependencies
from conversion_tracker.require import require_conversion
from conversion_tracker.screening import conversion_response as shapes
from conversion_tracker.screening.conversion import Conversion, Review, ReviewDecision
from conversion_tracker.screening.review_schemas import ConversionsIn, ConversionsOut, DecisionIn, ReviewOut
from conversion_tracker.sorted_set_listing import ListEntry
from referral.events.attributions import ConversionReviewed, attribution_key
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.topics import ATTRIBUTIONS

blueprint = Blueprint(
    "review", __name__, description="What screening held or rejected, and what people decide about it."
)


@blueprint.get("/v1/programs/<program>/conversions")
@requires("read")
@blueprint.arguments(ConversionsIn, location="query")
@blueprint.response(200, ConversionsOut)
@blueprint.alt_response(404, description="There is no such program.")
@blueprint.alt_response(503, description="Redis is away.")
def conversions(page: dict[str, object], program: str) -> dict[str, object]:
    """Conversions of one status, the first that qualified first; those that are held wait for a decision."""
    require_program(program)
    board = f"{program}|{page['status']}"
    status, limit = page["status"], int(str(page["limit"]))
    position = decode_position(page["cursor"], board)
    place = ListEntry(*position) if position else None
    found, last = dependencies().conversions.after(program, status, place, limit)  # type: ignore[arg-type] # one of STATUSES
    next_cursor = encode_position(board, last.score, last.member) if last else None
    return {"items": shapes.conversion_responses(found, context().catalog), "next_cursor": next_cursor}


@blueprint.post("/v1/conversions/<conversion>/release")
@requires("admin")
@idempotent
@blueprint.arguments(DecisionIn)
@blueprint.response(202, ReviewOut)
@blueprint.alt_response(404, description="There is no such conversion.")
@blueprint.alt_response(409, description="It was reversed, or its referrer is banned; the detail says which.")
@blueprint.alt_response(503, description="The log or Redis is away.")
def release(body: dict[str, str], conversion: str) -> dict[str, object]:
    """It counts, whatever the rules found: rewards are granted and boards rank it, within a second of this answer."""
    found = _active_conversion(conversion)
    _refuse_banned(found)
    return _publish_review(found, "cleared", body)


@blueprint.post("/v1/conversions/<conversion>/reject")
@requires("admin")
@idempotent
@blueprint.arguments(DecisionIn)
@blueprint.response(202, ReviewOut)
@blueprint.alt_response(404, description="There is no such conversion.")
@blueprint.alt_response(409, description="It has fallen: there is nothing to reject.")
@blueprint.alt_response(503, description="The log or Redis is away.")
def reject(body: dict[str, str], conversion: str) -> dict[str, object]:
    """It does not count: if it did, its rewards are revoked and boards forget it, within a second of this answer."""
    return _publish_review(_active_conversion(conversion), "rejected", body)


def _active_conversion(id: str) -> Conversion:
    """Raises Problem 404 for one that is not there, and 409 for one that has fallen."""
    found = require_conversion(id)
    if not found.active:
        detail = (
            f"The referral behind {id} has fallen: {found.person} left, or what it rested on was taken back. There is nothing to"
            " decide; if it comes back, it is screened again."
        )
        raise Problem(409, "conversion_fallen", detail)
    return found


def _refuse_banned(found: Conversion) -> None:
    ban = dependencies().conversions.ban(found)
    if ban is None:
        return
    participant = context().catalog.participant(found.referrer)
    who = participant.external_id if participant else found.referrer
    note = ban.note.strip().rstrip(".")
    why = f": {note}" if note else ""
    detail = (
        f"{who}, who referred {found.person}, has been banned by {ban.by} since {to_datetime(ban.at):%Y-%m-%d %H:%M} UTC{why}."
        " Lift the ban first: conversions of a banned referrer do not count."
    )
    raise Problem(409, "referrer_banned", detail)


def _publish_review(found: Conversion, decision: ReviewDecision, body: dict[str, str]) -> dict[str, object]:
    """Publishes the decision. Repeating a decision does not change the fold's state, so publishing it twice is harmless."""
    now = context().clock.now_ms()
    line = ConversionReviewed(
        occurred_at=to_datetime(now),
        program=found.program,
        id=found.id,
        referral=found.referral,
        referrer=found.referrer,
        decision=decision,
        by=body["by"],
        note=body["note"],
    )
    dependencies().publish_line(ATTRIBUTIONS, attribution_key(line), line)
    return shapes.review_response(Review(decision, line.by, now, line.note))
