"""Networks: the people below a person, by degree."""

from typing import Annotated

from marshmallow import Schema, fields, validate
from msgspec import Meta, Struct

from leaderboard.domain.network import Network, network_below
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import find_participant, require_zone
from leaderboard.http_api.responses import name_fields
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.people.known_people import known_people

MAX_PEOPLE = 5_000
MAX_DEGREES = 20
blueprint = Blueprint("networks", __name__)


class NetworkQuery(Schema):
    """How much of the network to list."""

    people = fields.Int(
        load_default=0,
        validate=validate.Range(0, MAX_PEOPLE),
        metadata={
            "description": f"How many of its people to list, 0 to {MAX_PEOPLE:,}. The figures are of all of them."
        },
    )


class NetworkPersonResponse(Struct, kw_only=True):
    """A person of a network."""

    participant: Annotated[str, Meta(description="Their person id.", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: str | None
    display_name: str | None
    public: bool
    referrer: Annotated[str, Meta(description="The person id of who brought them: of degree 1, the person asked for.")]
    degree: Annotated[int, Meta(examples=[1])]
    referees: Annotated[int, Meta(description="How many people of the network they brought themselves.")]


class NetworkResponse(Struct, kw_only=True):
    """The network below a person. Measured, never paid."""

    program: str
    participant: str
    brought_by: Annotated[str | None, Meta(description="The person id of who brought them.")]
    degrees: Annotated[
        list[int], Meta(description="How many people there are at degree 1, 2, …", examples=[[12, 31, 9]])
    ]
    people_below: Annotated[int, Meta(description="All of them, without the person.")]
    reach_multiple: Annotated[float | None, Meta(description="people_below / degrees[0]; null without any.")]
    top_tenth_share: Annotated[
        float | None,
        Meta(description="The share of them that the top 10 % of those who brought anyone brought, 0 to 1."),
    ]
    truncated: Annotated[
        bool,
        Meta(description=f"There are more than {MAX_PEOPLE:,} people or {MAX_DEGREES} degrees; these count alone."),
    ]
    people: Annotated[list[NetworkPersonResponse], Meta(description="By degree, the earliest first.")]


@blueprint.get("/v1/programs/<program>/network/<path:person>")
@requires("read")
@blueprint.arguments(NetworkQuery, location="query")
@response(NetworkResponse)
@blueprint.alt_response(404, description="Unknown program or person.")
def network(query: dict[str, int], program: str, person: str) -> NetworkResponse:
    """The people whom a person brought, whom these brought, and so on: figures, and the people if wanted.

    A referral counts while the friend follows, whether or not it pays, and not if it is refused since it would close a cycle.
    """
    require_zone(program)
    id = context().pseudonyms.person_id_to_find(program, person)
    store = dependencies().network
    found = network_below(id, lambda people, most: store.referees_of(program, people, most), MAX_PEOPLE, MAX_DEGREES)
    brought_by = store.referrer(program, id)
    if not found.people and brought_by is None and find_participant(program, id) is None:
        raise Problem(404, "unknown_participant", f"{person!r} is not a participant of {program}. Enrol them first.")
    return NetworkResponse(
        program=program,
        participant=id,
        brought_by=brought_by,
        degrees=found.degrees,
        people_below=len(found.people),
        reach_multiple=found.reach_multiple,
        top_tenth_share=found.top_tenth_share,
        truncated=found.truncated,
        people=_people(found, query["people"]),
    )


def _people(found: Network, most: int) -> list[NetworkPersonResponse]:
    listed = found.people[:most]
    known = known_people([one.person for one in listed], context().people.snapshot())
    return [
        NetworkPersonResponse(
            participant=one.person,
            **name_fields(known[one.person]),
            referrer=one.referrer,
            degree=one.degree,
            referees=one.referees,
        )
        for one in listed
    ]
