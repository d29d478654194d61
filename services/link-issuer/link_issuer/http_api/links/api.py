"""Links: further codes of a participant, each for a channel, a content item and a call to action."""

from flask import Response, g
from flask_smorest import Blueprint

from link_issuer.domain.link_spec import Wish, disabled, hindrance, link
from link_issuer.http_api import examples, schemas
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.links import link_request
from link_issuer.http_api.redirect.usage_limit import uses_of
from link_issuer.http_api.request_body import json_answer
from link_issuer.store import CodeWish, Taken, TakenCode
from referral.catalog.view import Catalog
from referral.events.entities import Link, Participant
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem

blueprint = Blueprint(
    "links", __name__, description="A link says through which channel, content and call to action somebody came."
)

_CARRIED = ("channel", "content", "cta", "starts_at", "expires_at", "max_uses", "partner", "campaign")


@blueprint.route("/v1/participants/<participant>/links", methods=["POST"])
@requires("links:write")
@idempotent
@blueprint.response(201, schemas.LinkAnswer)
@blueprint.alt_response(200, schema=schemas.LinkAnswer, description="The participant had this link already.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": link_request.LinkSchema, "example": examples.LINK}},
    }
)
def create(participant: str) -> Response:
    """Make a link for a participant.

    The same wish is the same link. 409 where a chosen code is somebody else's.
    """
    owner = participant_of(participant)
    catalog = collaborators().store.complete_catalog()
    rules = _newest(catalog, owner)
    wished = link_request.wish(rules)
    wanted = wished.link_id(owner.id)
    existing = next((one for one in catalog.links(owner.id) if one.id == wanted), None)
    made = existing or _make(owner, wished, catalog, rules)
    return json_answer(link_fields(made), 200 if existing else 201)


@blueprint.route("/v1/links/<code>", methods=["GET"])
@requires("read")
@blueprint.response(200, schemas.LinkAnswer)
def show(code: str) -> Response:
    """A code: whose it is, what it carries, and whether it works now."""
    found = holder(code)
    require_program_access(g.key, found.program)
    return json_answer(link_fields(found))


@blueprint.route("/v1/links/<code>/disable", methods=["POST"])
@requires("links:write")
@idempotent
@blueprint.response(200, schemas.LinkAnswer)
def disable(code: str) -> Response:
    """Switch a link off, for good.

    Whoever opens it sees a friendly page and the way to the person's own code. Switched off twice is switched off. 409 for a
    participant's own code: that is who they are in the program.
    """
    found = holder(code)
    require_program_access(g.key, found.program)
    if isinstance(found, Participant):
        raise Problem(
            409,
            "own_code",
            f"{found.code} is a participant's own code, and stays. Links that were made can be switched off.",
        )
    ended = disabled(found, to_datetime(context().clock.now_ms()))
    if ended is not found:
        collaborators().store.keep([ended])
        context().follower.read_to_end()
    return json_answer(link_fields(ended))


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
    carried = {name: getattr(found, name, None) for name in _CARRIED}
    uses = uses_of(found) if isinstance(found, Link) and found.max_uses is not None else None
    return {
        "id": found.id,
        "code": found.code,
        "link": collaborators().link(found.code),
        "program": found.program,
        "participant": found.participant if isinstance(found, Link) else found.id,
        **carried,
        "uses": uses,
        "standing": hindrance(found, terms, to_datetime(now_ms), uses or 0) or "open",
        "qr_svg": f"{collaborators().link('v1/links')}/{found.code}/qr.svg",
        "qr_png": f"{collaborators().link('v1/links')}/{found.code}/qr.png",
    }


def participant_of(participant: str) -> Participant:
    """A participant of a program that the key may see. Raises Problem."""
    found = context().catalog.participant(participant)
    if found is None:
        raise Problem(404, "unknown_participant", f"There is no participant {participant}. Enrolling answers the id.")
    require_program_access(g.key, found.program)
    return found


def _newest(catalog: Catalog, owner: Participant) -> Program:
    """The newest rules of somebody's program, in force or not yet: what is made now has to fit those too."""
    version = catalog.program(owner.program)
    if version is None:
        raise LookupError(f"{owner.id} takes part in {owner.program}, which the catalog lacks")
    return version.program


def _make(owner: Participant, wish: Wish, catalog: Catalog, rules: Program) -> Link:
    id_ = wish.link_id(owner.id)
    taken = _take(CodeWish(id_, owner.display_name, wish.code, rules.codes.blocklist), catalog)
    made = link(wish, owner, taken.code, to_datetime(taken.since_ms))
    collaborators().store.keep([made])
    return made


def _take(wish: CodeWish, catalog: Catalog) -> TakenCode:
    try:
        return collaborators().store.take_codes([wish], catalog, context().clock.now_ms())[0]
    except Taken as error:
        place = {"pointer": "/code", "detail": "is taken"}
        raise Problem(409, "code_taken", f"{error} is somebody else's: choose another code.", [place]) from error
