"""Participants: enrolled by the platform's id of a person, one or many at once; read by id."""

from flask_smorest import Blueprint

from link_issuer.http_api.participants.change_request import CHANGE_EXAMPLE, ParticipantChangeSchema
from link_issuer.http_api.participants.enrolment_request import (
    MANY_EXAMPLE,
    ONE_EXAMPLE,
    PARTNER_EXAMPLE,
    EnrolmentSchema,
    EnrolmentsSchema,
    read_enrolments,
)
from link_issuer.http_api.participants.participant_change import apply_changes
from link_issuer.http_api.participants.participant_creation import enrol_all
from link_issuer.http_api.participants.participant_response import (
    EXAMPLE,
    ParticipantResponse,
    ParticipantsResponse,
    participant_response,
)
from referral.events.entities import Participant
from referral.events.normal_forms import person_id_to_find
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
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
@idempotent
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
    enrolments, is_batch = read_enrolments()
    known, participants = enrol_all(program, enrolments)
    bodies = [
        participant_response(participant, enrolment.ignored_values(participant))
        for participant, enrolment in zip(participants, enrolments, strict=True)
    ]
    status = 200 if known == len(participants) else 201
    return ParticipantsResponse(bodies) if is_batch else bodies[0], status


@blueprint.route("/v1/programs/<program>/participants/<path:participant>", methods=["GET"])
@requires("read")
@response(ParticipantResponse, example=EXAMPLE)
def show(program: str, participant: str) -> ParticipantResponse:
    """A participant, by `par_…` id or by the platform's id of the person."""
    return participant_response(_require_participant(program, participant))


@blueprint.route("/v1/programs/<program>/participants/<path:participant>", methods=["PATCH"])
@requires("links:write")
@idempotent
@response(ParticipantResponse, example=EXAMPLE)
@blueprint.alt_response(404, description="Not enrolled.")
@blueprint.alt_response(409, description="Another request changes the participant, or they were changed too often.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": ParticipantChangeSchema, "example": CHANGE_EXAMPLE}},
    }
)
def change(program: str, participant: str) -> ParticipantResponse:
    """Change a participant's display name, mention or device; null removes the mention or device.

    Id, code and link stay. A display name is in effect at once, a mention or device five seconds later; what happened before is
    judged by the former ones. The same change again changes nothing.
    """
    return participant_response(apply_changes(_require_participant(program, participant)))


def _require_participant(program: str, participant: str) -> Participant:
    require_program(program)
    catalog = context().catalog
    found = catalog.participant(participant) if participant.startswith("par_") else None
    if found is None or found.program != program:
        found = catalog.participant_by_external(program, person_id_to_find(participant))
    if found is None:
        raise Problem(
            404,
            "unknown_participant",
            f"{participant} is not enrolled in {program}. Enrol them with POST /v1/programs/{program}/participants.",
        )
    return found
