"""`GET /v1/programs/{p}/people/{id}`: a person's attribution, their referrer and referees, and every touch that was considered."""

from flask_smorest import Blueprint

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import network_response, person_response
from conversion_tracker.attribution.person_schemas import PersonOut
from conversion_tracker.dependencies import dependencies
from conversion_tracker.graph.network import Network, measure_network, upline
from referral.events.entities import ProgramVersion
from referral.events.ids import participant_id
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.require import require_program

# People of the first two degrees whose referees are read: a tenth of a second.
MAX_PEOPLE_READ = 5_000
_EMPTY_NETWORK = Network()

blueprint = Blueprint("people", __name__, description="What is known of a person.")


@blueprint.get("/v1/programs/<program>/people/<path:external_id>")
@requires("read")
@blueprint.response(200, PersonOut)
@blueprint.alt_response(
    404,
    description="Unknown program, or a person without follow, referrer and referees.",
)
@blueprint.alt_response(503, description="Redis is away.")
def person(program: str, external_id: str) -> dict[str, object]:
    """A person's attribution, and every touch that was considered, with why it won or lost.

    Also who is above them and how many are below, to the third degree: measured, never paid. A referral that closes a circle
    is not counted.
    """
    found, participant = _load_person(program, external_id), participant_id(program, external_id)
    edges = dependencies().people.edges(program)
    network = measure_network(participant, edges, MAX_PEOPLE_READ)
    if found is None and network == _EMPTY_NETWORK:
        raise _unknown_person(program, external_id)
    one, catalog = found or Person(), context().catalog
    version = version_of(program, one)
    answer = person_response(program, external_id, one, attribution_rules(version) if version else None, catalog)
    return answer | network_response(network, upline(participant, edges.referrer), catalog)


def known_person(program: str, external_id: str) -> Person:
    """A person's state. Raises Problem 404 for an unknown program or person."""
    found = _load_person(program, external_id)
    if found is None:
        raise _unknown_person(program, external_id)
    return found


def _load_person(program: str, external_id: str) -> Person | None:
    require_program(program)
    return dependencies().people.person(program, external_id)


def _unknown_person(program: str, external_id: str) -> Problem:
    detail = f"Nothing is known of {external_id} in {program}. What was posted shows here within a second."
    return Problem(404, "unknown_person", detail)


def version_of(program: str, person: Person) -> ProgramVersion | None:
    """The version that was in force at the person's first follow; None where they have not followed, or none was."""
    first = person.history.timeline().first_follow
    return context().catalog.version(program, first.version) if first else None
