"""Links: further codes of a participant, each for a channel, a content item and a call to action."""

from typing import Any, get_args

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import ValidationError, fields

from link_issuer.domain.codes import CodeRefused, vanity
from link_issuer.domain.links import Wish, hindrance, link, mistakes
from link_issuer.domain.mistakes import Mistake
from link_issuer.http_api import examples, schemas
from link_issuer.http_api.body import invalid, json_answer, json_body
from link_issuer.http_api.collaborators import collaborators
from link_issuer.http_api.programs import known
from link_issuer.programs.check import flat
from link_issuer.programs.fields import Strict, choice, identifier, instant
from link_issuer.store import CodeWish, Taken, TakenCode
from referral.catalog.view import Catalog
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.moment import to_datetime
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.keys import permit, requires
from referral.http.problems import Problem

blueprint = Blueprint(
    "links", __name__, description="A link says through which channel, content and call to action somebody came."
)


class LinkSchema(Strict):
    """What a link should carry; all may be left out."""

    channel = choice(get_args(Channel), "the channel it is for", required=False)
    content = identifier("the content item it goes with", required=False)
    cta = identifier("the content item's call to action", required=False)
    starts_at = instant("from when it works, such as 2026-12-01T00:00:00Z")
    expires_at = instant("until when it works")
    code = fields.String(
        metadata={"description": "a code of your choice, 3 to 32 letters, digits, - and _, such as AMYGLOW"}
    )


@blueprint.route("/v1/participants/<participant>/links", methods=["POST"])
@requires("links:write")
@idempotent
@blueprint.response(201, schemas.LinkAnswer)
@blueprint.alt_response(200, schema=schemas.LinkAnswer, description="The participant had this link already.")
@blueprint.doc(
    requestBody={"required": True, "content": {"application/json": {"schema": LinkSchema, "example": examples.LINK}}}
)
def create(participant: str) -> Response:
    """Make a link for a participant.

    The same wish is the same link. 409 where a chosen code is somebody else's.
    """
    owner = _participant(participant)
    wish = _wish(owner)
    catalog = collaborators().store.complete_catalog()
    wanted = wish.link_id(owner.id)
    existing = next((one for one in catalog.links(owner.id) if one.id == wanted), None)
    made = existing or _make(owner, wish, catalog)
    return json_answer(link_fields(made), 200 if existing else 201)


@blueprint.route("/v1/links/<code>", methods=["GET"])
@requires("read")
@blueprint.response(200, schemas.LinkAnswer)
def show(code: str) -> Response:
    """A code: whose it is, what it carries, and whether it works now."""
    found = holder(code)
    permit(g.key, found.program)
    return json_answer(link_fields(found))


def holder(code: str) -> Participant | Link:
    """Whose code it is. Raises Problem 404."""
    found = context().catalog.code(code)
    if found is None:
        raise Problem(
            404,
            "unknown_code",
            f"Nobody has the code {code}. Codes never hold 0, O, 1, I or L by chance: check how it was read.",
        )
    return found


def link_fields(found: Participant | Link) -> dict[str, object]:
    """A code as it is answered."""
    now_ms = context().clock.now_ms()
    terms = context().catalog.program_at(found.program, now_ms)
    carried = {name: getattr(found, name, None) for name in ("channel", "content", "cta", "starts_at", "expires_at")}
    return {
        "id": found.id,
        "code": found.code,
        "link": collaborators().link(found.code),
        "program": found.program,
        "participant": found.participant if isinstance(found, Link) else found.id,
        **carried,
        "standing": hindrance(found, terms, to_datetime(now_ms)) or "open",
        "qr_svg": f"{collaborators().link('v1/links')}/{found.code}/qr.svg",
        "qr_png": f"{collaborators().link('v1/links')}/{found.code}/qr.png",
    }


def _participant(participant: str) -> Participant:
    found = context().catalog.participant(participant)
    if found is None:
        raise Problem(404, "unknown_participant", f"There is no participant {participant}. Enrolling answers the id.")
    permit(g.key, found.program)
    return found


def _wish(owner: Participant) -> Wish:
    """What is asked for, checked against the program's newest rules."""
    try:
        asked: dict[str, Any] = LinkSchema().load(json_body())  # type: ignore[arg-type] # load refuses what is no mapping
        wish = Wish(**asked | ({"code": vanity(asked["code"])} if "code" in asked else {}))
    except ValidationError as error:
        raise _refused(sorted(flat(error.messages))) from error
    except CodeRefused as error:
        raise _refused([Mistake("/code", str(error))]) from error
    found = list(mistakes(wish, known(owner.program).program, to_datetime(context().clock.now_ms())))
    if found:
        raise _refused(found)
    return wish


def _refused(found: list[Mistake]) -> Problem:
    return invalid(found, "The link was not made; `errors` names each place.")


def _make(owner: Participant, wish: Wish, catalog: Catalog) -> Link:
    id_ = wish.link_id(owner.id)
    blocklist = known(owner.program).program.codes.blocklist
    taken = _take(CodeWish(id_, owner.display_name, wish.code, blocklist), catalog)
    made = link(wish, owner, taken.code, to_datetime(taken.since_ms))
    collaborators().store.keep([made])
    return made


def _take(wish: CodeWish, catalog: Catalog) -> TakenCode:
    try:
        return collaborators().store.take_codes([wish], catalog, context().clock.now_ms())[0]
    except Taken as error:
        place = {"pointer": "/code", "detail": "is taken"}
        raise Problem(409, "code_taken", f"{error} is somebody else's: choose another code.", [place]) from error
