"""The review API: operators list held conversions and decide on them. A decision is a line of the log like any other event."""

from flask import g

from conversion_tracker.attribution.api import known_referrers
from conversion_tracker.dependencies import dependencies
from conversion_tracker.named_person import named_person, note_text, person_label
from conversion_tracker.person_request import new_note, shown_note
from conversion_tracker.require import require_conversion
from conversion_tracker.screening.conversion import Conversion, PublishedDecision, Review, ReviewDecision
from conversion_tracker.screening.conversion_response import (
    ConversionPage,
    ReviewResponse,
    conversion_responses,
    review_response,
)
from conversion_tracker.screening.review_request import ConversionsQuery, DecisionRequest
from conversion_tracker.stored_decision import StoredDecision
from referral.events.attributions import ConversionReviewed, attribution_key
from referral.events.people import PersonText
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.sorted_set_listing import ListEntry
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent_except
from referral.http.json_body import Blueprint
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
    return ConversionPage(conversion_responses(found, known_referrers()), next_cursor)


@blueprint.post("/v1/conversions/<conversion>/release")
@requires("admin")
@idempotent_except(StoredDecision())
@blueprint.arguments(DecisionRequest)
@response(ReviewResponse, 202, description="The decision is durable.")
@blueprint.alt_response(404, description="Unknown conversion.")
@blueprint.alt_response(409, description="The referral was reversed, or the referrer is banned; `detail` has which.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def release(body: dict[str, str], conversion: str) -> ReviewResponse:
    """Clear a conversion, whatever the rules found: within a second its rewards are granted and boards count it."""
    known = require_reviewable(require_conversion(conversion), "cleared")
    return _respond(known, "cleared", body)


@blueprint.post("/v1/conversions/<conversion>/reject")
@requires("admin")
@idempotent_except(StoredDecision())
@blueprint.arguments(DecisionRequest)
@response(ReviewResponse, 202, description="The decision is durable.")
@blueprint.alt_response(404, description="Unknown conversion.")
@blueprint.alt_response(409, description="The referral was reversed: there is nothing to reject.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def reject(body: dict[str, str], conversion: str) -> ReviewResponse:
    """Reject a conversion: if it counted, within a second its rewards are revoked and it is removed from boards."""
    return _respond(require_reviewable(require_conversion(conversion), "rejected"), "rejected", body)


def require_reviewable(conversion: Conversion, decision: PublishedDecision) -> Conversion:
    """The conversion. Raises Problem 409 if its referral was reversed, or if a banned referrer forbids the decision."""
    if not conversion.active:
        detail = (
            f"The referral of {conversion.id} was reversed: {_label(conversion.person)} left, or the qualifying order was"
            " refunded. There is nothing to review; if the referral qualifies again, it is screened again."
        )
        raise Problem(409, "conversion_fallen", detail)
    if decision == "cleared":
        _refuse_banned(conversion)
    return conversion


def _refuse_banned(conversion: Conversion) -> None:
    ban = dependencies().conversions.ban(conversion)
    if ban is None:
        return
    note = (note_text(conversion.referrer, ban.note, context().people) or "").strip().rstrip(".")
    why = f": {note}" if note else ""
    detail = (
        f"{_label(conversion.referrer)}, who referred {_label(conversion.person)}, has been banned by {ban.by} since"
        f" {to_datetime(ban.at):%Y-%m-%d %H:%M} UTC{why}. Lift the ban first: conversions of a banned referrer do not count."
    )
    raise Problem(409, "referrer_banned", detail)


def _label(person: str) -> str:
    return person_label(person, context().people)


def publish_review(
    conversion: Conversion, decision: PublishedDecision, by: str, note: PersonText | None, api_key: str | None
) -> ConversionReviewed:
    """Publishes a decision. Repeating it does not change the fold's state, so publishing it twice is harmless."""
    line = ConversionReviewed(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=conversion.program,
        id=conversion.id,
        referral=conversion.referral,
        referrer=conversion.referrer,
        decision=decision,
        by=by,
        note=note.text_id if note else None,
        api_key=api_key,
    )
    dependencies().publish_decision(ATTRIBUTIONS, attribution_key(line), line, note)
    return line


def review_note(conversion: Conversion, text: str) -> PersonText | None:
    """The record of a note about the referee, in `people`; None for an empty one, and about a person who was erased."""
    person = named_person(conversion.person, context().people)
    return new_note(conversion.program, person, text, to_datetime(context().clock.now_ms()))


def _respond(conversion: Conversion, decision: ReviewDecision, body: dict[str, str]) -> ReviewResponse:
    line = publish_review(conversion, decision, body["by"], review_note(conversion, body["note"]), g.key.id)
    shown = shown_note(body["note"], named_person(conversion.person, context().people))
    return review_response(Review(decision, line.by, to_ms(line.occurred_at), line.note, line.api_key), shown)
