"""`GET /v1/programs/{p}/people/{id}`: a person's attribution, their referrer and referees, and every touch that was considered."""

from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import PersonResponse, attribution_response, person_response
from conversion_tracker.dependencies import dependencies
from conversion_tracker.graph.network import Network, measure_network, upline
from conversion_tracker.person_request import person_id_of
from referral.events.entities import ProgramVersion
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
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
    id = person_id_of(program, external_id)
    known, edges = _load_person(program, id), dependencies().people.edges(program)
    network = measure_network(id, edges, MAX_PEOPLE_READ)
    if known is None and network == _EMPTY_NETWORK:
        raise _unknown_person(program, external_id)
    state, referrers = known or Person(), known_referrers()
    version = version_of(program, state)
    rules = attribution_rules(version) if version else None
    attribution = attribution_response(program, id, state, rules, referrers)
    return person_response(attribution, network, upline(id, edges.referrer), referrers)


def known_referrers() -> KnownReferrers:
    """The participants as the directory knows them."""
    return KnownReferrers(context().catalog, context().people)


def known_person(program: str, id: str, external_id: str) -> Person:
    """Returns the state of a person by their id. Raises Problem 404 for an unknown program or person, named as in the request."""
    person = _load_person(program, id)
    if person is None:
        raise _unknown_person(program, external_id)
    return person


def _load_person(program: str, id: str) -> Person | None:
    require_program(program)
    return dependencies().people.person(program, id)


def _unknown_person(program: str, external_id: str) -> Problem:
    detail = f"No event of {external_id} affects attribution in {program}. Check the id; a new event takes effect within a second."
    return Problem(404, "unknown_person", detail)


def version_of(program: str, person: Person) -> ProgramVersion | None:
    """Returns the version in force at the person's first follow; None if they have not followed or none was in force."""
    first = person.history.timeline().first_follow
    return context().catalog.version(program, first.version) if first else None
