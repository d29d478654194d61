"""Participants: enrolled by the platform's id of a person, one or many at once, the same however often."""

from collections.abc import Sequence

from flask import Response
from flask_smorest import Blueprint
from msgspec.structs import replace

from link_issuer.domain.enrolment import Enrolment, mention_mistakes, named, partner_mistakes
from link_issuer.http_api import examples, schemas
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.participants.enrolment_request import EnrolmentSchema, EnrolmentsSchema, enrolments
from link_issuer.http_api.request_body import invalid, json_answer
from link_issuer.store import CodeWish
from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.events.program import Partner
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem
from referral.http.require import require_program

blueprint = Blueprint(
    "participants",
    __name__,
    description="Whoever takes part has a code, a link and perhaps a mention to refer others by.",
)
_ONE_OR_MANY = {"oneOf": [schemas.ParticipantAnswer, schemas.ParticipantsAnswer]}


@blueprint.route("/v1/programs/<program>/participants", methods=["POST"])
@requires("links:write")
@idempotent
@blueprint.response(201, _ONE_OR_MANY, description="Enrolled.", example=examples.PARTICIPANT_ANSWER)
@blueprint.alt_response(200, schema=_ONE_OR_MANY, description="All took part already.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [EnrolmentSchema, EnrolmentsSchema]},
                "examples": {
                    "one": {"value": examples.PARTICIPANT},
                    "many": {"value": examples.PARTICIPANTS},
                    "partner": {"value": examples.PARTNER},
                },
            }
        },
    }
)
def enrol(program: str) -> Response:
    """Enrol one person, or up to 1,000.

    The same external_id is the same participant with the same code, however often and by however many at once it is
    sent. Many (`{"participants": […]}`, or a list) are answered as `{"participants": […]}` in the order asked; a
    mistake in one enrols none. With `partner`, somebody is enrolled as one of the partners that the program in force
    names: what they bring is told apart, their friends are rewarded, and they rank among partners.
    """
    require_program(program)
    asked, is_batch = enrolments()
    before, after = _enrol(program, asked)
    shown = [participant_fields(one) for one in after]
    return json_answer({"participants": shown} if is_batch else shown[0], 200 if before == len(after) else 201)


@blueprint.route("/v1/programs/<program>/participants/<path:participant>", methods=["GET"])
@requires("read")
@blueprint.response(200, schemas.ParticipantAnswer, example=examples.PARTICIPANT_ANSWER)
def show(program: str, participant: str) -> Response:
    """A participant, by `par_…` id or by the platform's id of the person."""
    require_program(program)
    catalog = context().catalog
    found = catalog.participant(participant) if participant.startswith("par_") else None
    if found is None or found.program != program:
        found = catalog.participant_by_external(program, participant)
    if found is None:
        raise Problem(
            404,
            "unknown_participant",
            f"{participant} does not take part in {program}. Enrol them with POST …/participants.",
        )
    return json_answer(participant_fields(found))


def participant_fields(participant: Participant) -> dict[str, object]:
    """A participant as it is answered."""
    return {
        "id": participant.id,
        "external_id": participant.external_id,
        "display_name": participant.display_name,
        "code": participant.code,
        "link": collaborators().link(participant.code),
        "mention": participant.mention,
        "partner": participant.partner,
    }


def _enrol(program: str, asked: Sequence[Enrolment]) -> tuple[int, list[Participant]]:
    """How many of those asked for took part before, and all of them in the order asked."""
    by_id = {one.participant_id(program): one for one in asked}
    known_now = context().catalog.snapshot()
    if any(known_now.participant(id_) is None for id_ in by_id):
        known_now = collaborators().store.complete_catalog()
    existing = {id_: found for id_ in by_id if (found := known_now.participant(id_))}
    partners = _partners(program, asked, existing, known_now)
    fresh = {id_: named(one, partners) for id_, one in by_id.items() if id_ not in existing}
    everybody = existing | _admit(program, fresh, known_now)
    ids = [one.participant_id(program) for one in asked]
    return sum(id_ in existing for id_ in ids), [everybody[id_] for id_ in ids]


def _partners(
    program: str, asked: Sequence[Enrolment], existing: dict[str, Participant], catalog: Catalog
) -> Sequence[Partner]:
    """The partners in force, where one is to be enrolled. Raises Problem 422 where it cannot be."""
    if all(one.partner is None for one in asked):
        return ()
    terms = catalog.program_at(program, context().clock.now_ms())
    rules = terms.program if terms else replace(require_program(program).program, partners=())
    if mistakes := list(partner_mistakes(asked, existing, rules)):
        raise invalid(mistakes, "A partner cannot be enrolled so; nobody was enrolled.")
    return rules.partners


def _admit(program: str, fresh: dict[str, Enrolment], catalog: Catalog) -> dict[str, Participant]:
    """Gives each a code, and returns when they are durable."""
    mistakes = list(mention_mistakes(program, fresh, catalog.mention))
    if mistakes:
        raise invalid(mistakes, "A mention is somebody else's; nobody was enrolled.")
    newest = catalog.program(program) or require_program(program)
    blocklist = newest.program.codes.blocklist
    wishes = [CodeWish(id_, one.display_name, blocklist=blocklist) for id_, one in fresh.items()]
    taken = collaborators().store.take_codes(wishes, catalog, context().clock.now_ms())
    made = [
        one.participant(program, own.code, to_datetime(own.since_ms))
        for one, own in zip(fresh.values(), taken, strict=True)
    ]
    admitted = {one.id: one for one in collaborators().store.agree(made)}
    _partners(
        program, list(fresh.values()), admitted, catalog
    )  # somebody may have enrolled one as somebody else just now
    collaborators().store.keep(list(admitted.values()))
    return admitted
