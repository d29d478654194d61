"""`GET /v1/programs/{p}/people/{id}`: where a person stands, who brought them, and what was considered."""

from flask_smorest import Blueprint

from conversion_tracker.domain.person import Person
from conversion_tracker.domain.rules import rules_of
from conversion_tracker.http_api.collaborators import collaborators
from conversion_tracker.http_api.people_shapes import shown
from conversion_tracker.http_api.schemas import PersonOut
from referral.events.entities import ProgramVersion
from referral.http.context import context
from referral.http.keys import requires
from referral.http.problems import Problem

blueprint = Blueprint("people", __name__, description="What is known of a person.")


@blueprint.get("/v1/programs/<program>/people/<path:external_id>")
@requires("read")
@blueprint.response(200, PersonOut)
@blueprint.alt_response(404, description="No such program, or nothing of this person bears on who brought them.")
@blueprint.alt_response(503, description="Redis is away.")
def person(program: str, external_id: str) -> dict[str, object]:
    """Where a person stands, who brought them, and every touch that was considered with why it won or lost."""
    found = known_person(program, external_id)
    version = version_of(program, found)
    return shown(program, external_id, found, rules_of(version) if version else None, context().catalog)


def known_person(program: str, external_id: str) -> Person:
    """A person's state. Raises Problem 404 where there is no such program, or nothing is known of the person."""
    if not context().catalog.versions(program):
        detail = f"There is no program {program}. Check its id; GET /v1/programs of the link issuer lists them."
        raise Problem(404, "unknown_program", detail)
    found = collaborators().people.person(program, external_id)
    if found is None:
        detail = f"Nothing is known of {external_id} in {program}. What was posted shows here within a second."
        raise Problem(404, "unknown_person", detail)
    return found


def version_of(program: str, person: Person) -> ProgramVersion | None:
    """The version that was in force at the person's first follow; None where they have not followed, or none was."""
    first = person.history.course().first
    versions = context().catalog.versions(program) if first else []
    return next((one for one in versions if first and one.version == first.version), None)
