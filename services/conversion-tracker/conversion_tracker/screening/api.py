"""The review API: operators list held conversions and decide on them. A decision is a line of the log like any other event."""

from flask import g
from flask_smorest import Blueprint

from conversion_tracker.dependencies import dependencies
from conversion_tracker.require import require_conversion
from conversion_tracker.screening.conversion import Conversion, Review, ReviewDecision
from conversion_tracker.screening.conversion_response import (
    ConversionPage,
    ReviewResponse,
    conversion_responses,
    review_response,
)
from conversion_tracker.screening.review_request import ConversionsQuery, DecisionRequest
from conversion_tracker.sorted_set_listing import ListEntry
from referral.events.attributions import ConversionReviewed, attribution_key
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.topics import ATTRIBUTIONS

blueprint = Blueprint("review", __name__, description="Conversions that screening held or rejected, and their reviews.")


@blueprint.get("/v1/programs/<program>/conversions")
@requires("read")
@blueprint.arguments(ConversionsQuery, location="query")
@response(ConversionPage)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def conversions(page: dict[str, object], program: str) -> ConversionPage:
    """Conversions of one status, the first that qualified first; `held` ones wait for a review."""
    require_program(program)
    board = f"{program}|{page['status']}"
    status, limit = page["status"], int(str(page["limit"]))
    position = decode_position(page["cursor"], board)
    entry = ListEntry(*position) if position else None
    found, last = dependencies().conversions.after(program, status, entry, limit)  # type: ignore[arg-type] # a validated status
    next_cursor = encode_position(board, last.score, last.member) if last else None
    return ConversionPage(conversion_responses(found, context().catalog), next_cursor)


@blueprint.post("/v1/conversions/<conversion>/release")
@requires("admin")
@idempotent
@blueprint.arguments(DecisionRequest)
@response(ReviewResponse, 202, description="The decision is durable.")
@blueprint.alt_response(404, description="Unknown conversion.")
@blueprint.alt_response(409, description="The referral was reversed, or the referrer is banned; `detail` has which.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def release(body: dict[str, str], conversion: str) -> ReviewResponse:
    """Clear a conversion, whatever the rules found: within a second its rewards are granted and boards count it."""
    known = _active_conversion(conversion)
    _refuse_banned(known)
    return _publish_review(known, "cleared", body)


@blueprint.post("/v1/conversions/<conversion>/reject")
@requires("admin")
@idempotent
@blueprint.arguments(DecisionRequest)
@response(ReviewResponse, 202, description="The decision is durable.")
@blueprint.alt_response(404, description="Unknown conversion.")
@blueprint.alt_response(409, description="The referral was reversed: there is nothing to reject.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def reject(body: dict[str, str], conversion: str) -> ReviewResponse:
    """Reject a conversion: if it counted, within a second its rewards are revoked and it is removed from boards."""
    return _publish_review(_active_conversion(conversion), "rejected", body)


def _active_conversion(id: str) -> Conversion:
    """Raises Problem 404 for an unknown conversion, and 409 if its referral was reversed."""
    conversion = require_conversion(id)
    if not conversion.active:
        detail = (
            f"The referral of {id} was reversed: {conversion.person} left, or the qualifying order was refunded. There is nothing"
            " to review; if the referral qualifies again, it is screened again."
        )
        raise Problem(409, "conversion_fallen", detail)
    return conversion


def _refuse_banned(conversion: Conversion) -> None:
    ban = dependencies().conversions.ban(conversion)
    if ban is None:
        return
    participant = context().catalog.participant(conversion.referrer)
    who = participant.external_id if participant else conversion.referrer
    note = ban.note.strip().rstrip(".")
    why = f": {note}" if note else ""
    detail = (
        f"{who}, who referred {conversion.person}, has been banned by {ban.by} since {to_datetime(ban.at):%Y-%m-%d %H:%M} UTC{why}."
        " Lift the ban first: conversions of a banned referrer do not count."
    )
    raise Problem(409, "referrer_banned", detail)


def _publish_review(conversion: Conversion, decision: ReviewDecision, body: dict[str, str]) -> ReviewResponse:
    """Publishes the decision. Repeating a decision does not change the fold's state, so publishing it twice is harmless."""
    now = context().clock.now_ms()
    line = ConversionReviewed(
        occurred_at=to_datetime(now),
        program=conversion.program,
        id=conversion.id,
        referral=conversion.referral,
        referrer=conversion.referrer,
        decision=decision,
        by=body["by"],
        note=body["note"],
        api_key=g.key.id,
    )
    dependencies().publish_line(ATTRIBUTIONS, attribution_key(line), line)
    return review_response(Review(decision, line.by, now, line.note, line.api_key))
