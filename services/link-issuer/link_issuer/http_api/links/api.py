"""Links: further codes of a participant, each for a channel, a content item and a call to action."""

from flask import g

from link_issuer.domain.codes import code_prefix
from link_issuer.domain.experiment_assignment import with_assigned_variant
from link_issuer.domain.link_spec import LinkSpec, disable_link, new_link
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.links.link_request import EXAMPLE, LinkSchema, read_link_spec
from link_issuer.http_api.links.link_response import LinkResponse, link_response
from link_issuer.http_api.profiles import find_profile
from link_issuer.http_api.require import require_code_holder, require_participant
from link_issuer.store import AlreadyTaken, CodeRequest, ReservedCode
from referral.catalog.view import Catalog
from referral.events.entities import Link, Participant
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response

blueprint = Blueprint(
    "links", __name__, description="A link records the channel, content and call to action through which a friend came."
)


@blueprint.route("/v1/participants/<participant>/links", methods=["POST"])
@requires("links:write")
@idempotent
@response(LinkResponse, 200, description="The participant had this link already.")
@response(LinkResponse, 201)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": LinkSchema, "example": EXAMPLE}},
    }
)
def create(participant: str) -> tuple[LinkResponse, int]:
    """Create a link for a participant.

    The same body is the same link. If the content item has an experiment and the body names no call to action, the link carries
    the variant that the participant was assigned, or the one that the experiment was decided for. 409 if a chosen code is taken.
    """
    owner = require_participant(participant)
    catalog = dependencies().store.complete_catalog()
    rules = _newest_rules(catalog, owner)
    decided = dependencies().decided_variants(owner.program)
    spec = with_assigned_variant(read_link_spec(rules, owner.id), rules, owner.id, decided)
    id_ = spec.link_id(owner.id)
    existing = next((link for link in catalog.links(owner.id) if link.id == id_), None)
    link = existing or _create(owner, spec, catalog, rules)
    return link_response(link), 200 if existing else 201


@blueprint.route("/v1/links/<code>", methods=["GET"])
@requires("read")
@response(LinkResponse)
def show(code: str) -> LinkResponse:
    """A code: its participant, what its link carries, and whether it works now."""
    holder = require_code_holder(code)
    require_program_access(g.key, holder.program)
    return link_response(holder)


@blueprint.route("/v1/links/<code>/disable", methods=["POST"])
@requires("links:write")
@idempotent
@response(LinkResponse)
def disable(code: str) -> LinkResponse:
    """Disable a link permanently.

    People who open it see a page with a link to the participant's own code. Disabling it again changes nothing. 409 for a
    participant's own code, which identifies them in the program.
    """
    holder = require_code_holder(code)
    require_program_access(g.key, holder.program)
    if isinstance(holder, Participant):
        detail = f"{holder.code} is a participant's own code and cannot be disabled. Only links can."
        raise Problem(409, "own_code", detail)
    disabled = disable_link(holder, to_datetime(context().clock.now_ms()))
    if disabled is not holder:
        dependencies().store.write([disabled])
        context().follower.read_to_end()
    return link_response(disabled)


def _newest_rules(catalog: Catalog, owner: Participant) -> Program:
    """The newest rules of a participant's program, in force or not yet: a new link must fit those too."""
    version = catalog.program(owner.program)
    if version is None:
        raise LookupError(f"the catalog has {owner.id} but not their program {owner.program}")
    return version.program


def _create(owner: Participant, spec: LinkSpec, catalog: Catalog, rules: Program) -> Link:
    profile = find_profile(owner)
    name = profile.display_name if profile and profile.public else ""
    request = CodeRequest(spec.link_id(owner.id), code_prefix(name), spec.code, rules.codes.blocklist)
    reserved = _reserve(request, catalog)
    link = new_link(spec, owner, reserved.code, to_datetime(reserved.since_ms))
    dependencies().store.write([link])
    return link


def _reserve(request: CodeRequest, catalog: Catalog) -> ReservedCode:
    try:
        return dependencies().store.reserve_codes([request], catalog, context().clock.now_ms())[0]
    except AlreadyTaken as error:
        location = {"pointer": "/code", "detail": "is taken"}
        raise Problem(409, "code_taken", f"The code {error} is taken: choose another.", [location]) from error
