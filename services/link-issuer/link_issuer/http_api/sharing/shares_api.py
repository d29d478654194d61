"""`POST /v1/shares`: a share reported by a platform becomes a `content.shared` fact; responds once the log has it."""

from datetime import datetime, timedelta
from typing import Any

from flask import g

from link_issuer.domain.link_spec import LinkSpec, link_mistakes
from link_issuer.domain.share_report import ShareReport
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.sharing.share_requests import SHARE_EXAMPLE, ShareSchema, invalid_share, read_share
from link_issuer.http_api.sharing.share_responses import ShareResponse, share_response
from referral.events.entities import Link, Participant
from referral.events.ids import derive_id, random_id
from referral.events.people import Person
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotent_except
from referral.http.json_body import Blueprint
from referral.http.require import require_program
from referral.http.responses import response
from referral.http.secret_field import SecretField
from referral.people.known_people import known_people
from referral.validation.mistakes import Mistake

blueprint = Blueprint("shares", __name__, description="Shares of content, reported by platforms and by share pages.")


@blueprint.route("/v1/shares", methods=["POST"])
@requires("events:write")
@idempotent_except(SecretField("person", recover=lambda made: _external_id(str(made["person_id"]))))
@response(ShareResponse, 201)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="The log did not respond: send the request again.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": ShareSchema, "example": SHARE_EXAMPLE}},
    }
)
def report() -> ShareResponse:
    """Report that a person shared content.

    By a participant (then it is their own share) or by any person. The same `id` (with its `occurred_at`), or the same
    Idempotency-Key, is the same share, and counts once.
    """
    body = read_share()
    require_program_access(g.key, body["program"])
    share = _share(body)
    now = to_datetime(context().clock.now_ms())
    line = share.fact(body.get("id") or _new_id(share.program), body.get("occurred_at", now))
    _introduce(share, body.get("person"))
    dependencies().send(line)
    return share_response(share.channel, line, _external_id(share.person) or body.get("person"))


def _introduce(share: ShareReport, external_id: str | None) -> None:
    """Returns once the log has who shared, before the share is written: never a share of a person who cannot be named."""
    if external_id is None or known_people([share.person], context().people)[share.person] is not None:
        return
    now = to_datetime(context().clock.now_ms())
    person = Person(id=share.person, program=share.program, recorded_at=now, external_id=external_id)
    dependencies().store.write([], [person])


def _external_id(person: str) -> str | None:
    known = known_people([person], context().people)[person]
    return known.external_id if known else None


def _new_id(program: str) -> str:
    """The id of a share sent without one: derived from its Idempotency-Key, so that it is stable if Redis loses the key."""
    key = idempotency_key()
    return derive_id("evt", g.key.id, program, key) if key is not None else random_id("evt")


def _share(body: dict[str, Any]) -> ShareReport:
    """The reported share, checked against program and catalog. Raises Problem."""
    newest = require_program(body["program"])
    version = context().catalog.program_at(newest.program.id, context().clock.now_ms()) or newest
    sharer = _participant(body)
    holder = _code_holder(body, sharer)
    spec = LinkSpec(channel=body["channel"], content=body.get("content"), cta=body.get("cta"))
    now = to_datetime(context().clock.now_ms())
    if mistakes := [*link_mistakes(spec, version.program, now), *_time_mistakes(body, now)]:
        raise invalid_share(*mistakes)
    owner = context().catalog.owner(holder) if holder else sharer
    return ShareReport(
        program=newest.program.id,
        person=_person_id(body),
        channel=body["channel"],
        content=spec.content,
        cta=spec.cta,
        participant=owner.id if owner else None,
        code=holder.code if holder else None,
    )


def _person_id(body: dict[str, Any]) -> str:
    """The person id of who shared."""
    return str(body.get("participant") or context().pseudonyms.person_id(body["program"], body["person"]))


def _participant(body: dict[str, Any]) -> Participant | None:
    """The participant named in the body, or the participant that the person is, if they are enrolled. Raises Problem 422."""
    program, participant = body["program"], context().catalog.participant(_person_id(body))
    if participant is not None and participant.erased_at is not None:
        participant = None
    if "participant" in body and (participant is None or participant.program != program):
        detail = f"{body['participant']} is not enrolled in {program}: enrol them, or send `person`"
        raise invalid_share(Mistake("/participant", detail))
    return participant


def _code_holder(body: dict[str, Any], sharer: Participant | None) -> Participant | Link | None:
    """The holder of the shared code. A participant's own share must have one of their codes. Raises Problem 422."""
    if "code" not in body:
        return None
    catalog = context().catalog
    holder = catalog.code(body["code"])
    owner = catalog.owner(holder) if holder else None
    if holder is None or holder.program != body["program"] or owner is None or owner.erased_at is not None:
        raise invalid_share(Mistake("/code", f"{body['program']} has no code {body['code']}: leave it out"))
    if "participant" in body and sharer is not None and owner.id != sharer.id:
        detail = f"{holder.code} belongs to another participant: send one of {sharer.id}'s codes, or `person`"
        raise invalid_share(Mistake("/code", detail))
    return holder


def _time_mistakes(body: dict[str, Any], now: datetime) -> list[Mistake]:
    """A time in the future, beyond the tolerance for clocks that are fast; the same rule as for events."""
    tolerance = timedelta(seconds=context().settings.future_tolerance_s)
    if "occurred_at" not in body or body["occurred_at"] <= now + tolerance:
        return []
    return [Mistake("/occurred_at", "must not be in the future: check the sender's clock and UTC offset")]
