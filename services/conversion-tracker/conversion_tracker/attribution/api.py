"""`GET /v1/programs/{p}/people/{id}`: a person's attribution, their referrer and referees, and every touch that was considered."""

from flask_smorest import Blueprint

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import PersonResponse, attribution_response, person_response
from conversion_tracker.dependencies import dependencies
from conversion_tracker.graph.network import Network, measure_network, upline
from referral.events.entities import ProgramVersion
from referral.events.ids import participant_id
from referral.events.normal_forms import person_id_to_find
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response

MAX_PEOPLE_READ = 5_000  # people of the first two degrees whose referees are read, in about 0.1 s
_EMPTY_NETWORK = Network()

blueprint = Blueprint("people", __name__, description="The attribution of people.")


@blueprint.get("/v1/programs/<program>/people/<path:external_id>")
@requires("read")
@response(PersonResponse)
@blueprint.alt_response(404, description="Unknown program, or a person without follow, referrer and referees.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def person(program: str, external_id: str) -> PersonResponse:
    """A person's attribution, and every touch that was considered, with the reason why it won or lost.

    Also their upline, and the size of their network to the third degree: measured, never paid. A referral that closes a
    referral cycle does not count.
    """
    external_id = person_id_to_find(external_id)
    known, participant = _load_person(program, external_id), participant_id(program, external_id)
    edges = dependencies().people.edges(program)
    network = measure_network(participant, edges, MAX_PEOPLE_READ)
    if known is None and network == _EMPTY_NETWORK:
        raise _unknown_person(program, external_id)
    state, catalog = known or Person(), context().catalog
    version = version_of(program, state)
    rules = attribution_rules(version) if version else None
    attribution = attribution_response(program, external_id, state, rules, catalog)
    return person_response(attribution, network, upline(participant, edges.referrer), catalog)


def known_person(program: str, external_id: str) -> Person:
    """Returns the state of a person by their normalized id. Raises Problem 404 for an unknown program or person."""
    person = _load_person(program, external_id)
    if person is None:
        raise _unknown_person(program, external_id)
    return person


def _load_person(program: str, external_id: str) -> Person | None:
    require_program(program)
    return dependencies().people.person(program, external_id)


def _unknown_person(program: str, external_id: str) -> Problem:
    detail = f"No event of {external_id} affects attribution in {program}. Check the id; a new event takes effect within a second."
    return Problem(404, "unknown_person", detail)


def version_of(program: str, person: Person) -> ProgramVersion | None:
    """Returns the version in force at the person's first follow; None if they have not followed or none was in force."""
    first = person.history.timeline().first_follow
    return context().catalog.version(program, first.version) if first else None
