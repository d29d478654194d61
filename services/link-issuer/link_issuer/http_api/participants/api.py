"""Participants: enrolled by the platform's id of a person, one or many at once; read by id."""

from collections.abc import Sequence

from flask import g

from link_issuer.domain.enrolment import IgnoredValue, PlacedEnrolment
from link_issuer.http_api.participants.change_request import CHANGE_EXAMPLE, ParticipantChangeSchema, read_changes
from link_issuer.http_api.participants.enrolment_request import (
    MANY_EXAMPLE,
    ONE_EXAMPLE,
    PARTNER_EXAMPLE,
    EnrolmentSchema,
    EnrolmentsSchema,
    read_enrolments,
)
from link_issuer.http_api.participants.enrolment_writing import NamedParticipant
from link_issuer.http_api.participants.participant_change import apply_changes
from link_issuer.http_api.participants.participant_creation import enrol_all
from link_issuer.http_api.participants.participant_response import (
    EXAMPLE,
    ParticipantResponse,
    ParticipantsResponse,
    participant_response,
)
from link_issuer.http_api.participants.stored_participants import StoredParticipants
from link_issuer.http_api.profiles import find_profile
from referral.events.entities import Participant
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent_except
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response

blueprint = Blueprint(
    "participants",
    __name__,
    description="A participant has a code, a link and optionally a mention that friends are referred by.",
)
OneOrMany = ParticipantResponse | ParticipantsResponse
_ONE_OR_MANY: type[OneOrMany] = OneOrMany  # type: ignore[assignment] # mypy does not treat a union as a type, msgspec does


@blueprint.route("/v1/programs/<program>/participants", methods=["POST"])
@requires("links:write")
@idempotent_except(StoredParticipants())
@response(_ONE_OR_MANY, 200, description="All were enrolled before.")
@response(_ONE_OR_MANY, 201, description="Enrolled.", example=EXAMPLE)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [EnrolmentSchema, EnrolmentsSchema]},
                "examples": {
                    "one": {"value": ONE_EXAMPLE},
                    "many": {"value": MANY_EXAMPLE},
                    "partner": {"value": PARTNER_EXAMPLE},
                },
            }
        },
    }
)
def enrol(program: str) -> tuple[OneOrMany, int]:
    """Enrol one person, or up to 1,000.

    The same external_id is always the same participant with the same code, even for concurrent requests; `ignored` lists what was
    sent for a person who was enrolled before with other values, which `PATCH` changes. With `since` (scope `admin`), code and
    mention count from that time on, for events that are sent after the enrolment. Many people
    (`{"participants": […]}`, or a list) are returned as `{"participants": […]}` in the order of the request; if one has a
    mistake, none is enrolled. With `partner`, a person is enrolled as one of the partners of the program version in force:
    their referrals are counted separately, their friends are rewarded, and they are ranked among partners.
    """
    require_program(program)
    request = read_enrolments()
    known, enrolled = enrol_all(program, request, g.key.id)
    bodies = [participant_response(named, _ignored(placed, named)) for placed, named in enrolled]
    status = 200 if known == len(bodies) else 201
    return ParticipantsResponse(bodies) if request.is_batch else bodies[0], status


@blueprint.route("/v1/programs/<program>/participants/<path:participant>", methods=["GET"])
@requires("read")
@response(ParticipantResponse, example=EXAMPLE)
def show(program: str, participant: str) -> ParticipantResponse:
    """A participant, by the platform's id of the person or by person id (`psn_…`)."""
    found = _require_participant(program, participant)
    return participant_response(NamedParticipant(found, find_profile(found)))


@blueprint.route("/v1/programs/<program>/participants/<path:participant>", methods=["PATCH"])
@requires("links:write")
@idempotent_except(StoredParticipants())
@response(ParticipantResponse, example=EXAMPLE)
@blueprint.alt_response(404, description="Not enrolled.")
@blueprint.alt_response(410, description="They were erased.")
@blueprint.alt_response(409, description="Another request changes the participant, or they were changed too often.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": ParticipantChangeSchema, "example": CHANGE_EXAMPLE}},
    }
)
def change(program: str, participant: str) -> ParticipantResponse:
    """Change what a participant has given about themselves; null removes a mention, device, contact or language.

    Id, code and link stay. A mention or device is in effect five seconds later, and what happened before is judged by the former
    ones; everything else is in effect at once. A contact is removed when the consent to use it is withdrawn. The same change again
    changes nothing.
    """
    return participant_response(apply_changes(_require_participant(program, participant), read_changes()))


def _ignored(placed: PlacedEnrolment, named: NamedParticipant) -> Sequence[IgnoredValue]:
    """The values that were sent for a person and are not stored."""
    return () if named.as_sent else placed.ignored_values(named.participant, named.profile)


def _require_participant(program: str, participant: str) -> Participant:
    require_program(program)
    found = context().catalog.participant(context().pseudonyms.person_id_to_find(program, participant))
    if found is None or found.program != program:
        raise Problem(
            404,
            "unknown_participant",
            f"{participant} is not enrolled in {program}. Enrol them with POST /v1/programs/{program}/participants.",
        )
    return found
