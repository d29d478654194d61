"""`POST /v1/shares`: a share that a platform reports becomes a `content.shared` fact, answered once the log has it."""

from datetime import datetime, timedelta
from typing import Any

from flask import Response, g
from flask_smorest import Blueprint

from link_issuer.domain.link_spec import Wish, mistakes
from link_issuer.domain.share_report import Share
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.request_body import json_answer
from link_issuer.http_api.sharing import share_requests
from link_issuer.http_api.sharing.share_requests import loaded, refused
from referral.events.entities import Link, Participant
from referral.events.facts import ContentShared
from referral.events.ids import derive_id, random_id
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotent
from referral.http.require import require_program
from referral.validation.mistakes import Mistake

blueprint = Blueprint(
    "shares", __name__, description="Content that was passed on, as a platform or the share page reports it."
)


@blueprint.route("/v1/shares", methods=["POST"])
@requires("events:write")
@idempotent
@blueprint.response(201, share_requests.ShareAnswer)
@blueprint.alt_response(404, description="There is no such program.")
@blueprint.alt_response(503, description="The log did not answer; send it again.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": share_requests.ShareSchema, "example": share_requests.SHARE}},
    }
)
def report() -> Response:
    """Report that somebody passed content on.

    By a participant (then it is their own share) or by any person. The same `id` (with its `occurred_at`), or the same
    Idempotency-Key, is the same share, and counts once.
    """
    asked = loaded(share_requests.ShareSchema())
    require_program_access(g.key, asked["program"])
    share = _share(asked)
    now = to_datetime(context().clock.now_ms())
    line = share.line(asked.get("id") or _id(share.program), asked.get("occurred_at", now))
    collaborators().send(line)
    return json_answer(share_fields(line), 201)


def share_fields(line: ContentShared) -> dict[str, object]:
    """A share as it is answered."""
    return {
        "id": line.id,
        "program": line.program,
        "person": line.person,
        "channel": line.channel,
        "participant": line.data.participant,
        "content": line.data.content,
        "cta": line.data.cta,
        "code": line.data.code,
        "occurred_at": line.occurred_at,
    }


def _id(program: str) -> str:
    """The id of a share without one: its Idempotency-Key's, so that it is the same also where Redis forgot the key."""
    key = idempotency_key()
    return derive_id("evt", g.key.id, program, key) if key is not None else random_id("evt")


def _share(asked: dict[str, Any]) -> Share:
    """What is reported, checked against program and catalog. Raises Problem."""
    newest = require_program(asked["program"])
    terms = context().catalog.program_at(newest.program.id, context().clock.now_ms()) or newest
    owner = _participant(asked)
    via = _code(asked, owner)
    wish = Wish(channel=asked["channel"], content=asked.get("content"), cta=asked.get("cta"))
    now = to_datetime(context().clock.now_ms())
    if found := [*mistakes(wish, terms.program, now), *_time_mistakes(asked, now)]:
        raise refused(found)
    whose = context().catalog.owner(via) if via else owner
    return Share(
        program=newest.program.id,
        person=asked.get("person") or (owner.external_id if owner else ""),
        channel=asked["channel"],
        content=wish.content,
        cta=wish.cta,
        participant=whose.id if whose else None,
        code=via.code if via else None,
    )


def _participant(asked: dict[str, Any]) -> Participant | None:
    """Who takes part: the participant named, or who the person is, if anybody. Raises Problem 422."""
    catalog, program = context().catalog, asked["program"]
    if "participant" not in asked:
        return catalog.participant_by_external(program, asked["person"])
    found = catalog.participant(asked["participant"])
    if found is None or found.program != program:
        says = f"{asked['participant']} does not take part in {program}: enrol them, or send `person`"
        raise refused([Mistake("/participant", says)])
    return found


def _code(asked: dict[str, Any], owner: Participant | None) -> Participant | Link | None:
    """The code that was passed on. A participant's own share carries a code of theirs. Raises Problem 422."""
    if "code" not in asked:
        return None
    found = context().catalog.code(asked["code"])
    if found is None or found.program != asked["program"]:
        raise refused([Mistake("/code", f"nobody in {asked['program']} has the code {asked['code']}: leave it out")])
    whose = found.participant if isinstance(found, Link) else found.id
    if "participant" in asked and owner is not None and whose != owner.id:
        raise refused([Mistake("/code", f"{found.code} is somebody else's: send one of theirs, or `person`")])
    return found


def _time_mistakes(asked: dict[str, Any], now: datetime) -> list[Mistake]:
    """As for events: a sender's clock may be a little fast."""
    tolerance = timedelta(seconds=context().settings.future_tolerance_s)
    late = "occurred_at" in asked and asked["occurred_at"] > now + tolerance
    return [Mistake("/occurred_at", "is in the future: check the sender's clock and its zone")] if late else []
