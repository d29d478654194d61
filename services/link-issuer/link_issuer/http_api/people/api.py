"""People's rights over HTTP: what is stored about a person is exported, corrected, erased. Scope `privacy`."""

import structlog
from flask import g

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.people.correction_request import EXAMPLE as CORRECTION_EXAMPLE
from link_issuer.http_api.people.correction_request import CorrectionSchema, read_correction
from link_issuer.http_api.people.erasure_response import ErasureResponse, erasure_response
from link_issuer.http_api.people.export_request import ExportQuery, decode_position, encode_position
from link_issuer.http_api.people.export_response import (
    CorrectedPerson,
    PersonExport,
    corrected_person,
    export_response,
)
from link_issuer.http_api.people.person_correction import correct_person
from link_issuer.http_api.people.person_lookup import find_person, stored_records, unknown_person
from link_issuer.http_api.people.stored_correction import StoredCorrection
from link_issuer.privacy.erasure import ErasureIncomplete, ErasureInProgress
from link_issuer.privacy.person_lines import START, PageLimits, read_lines
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent, idempotent_except
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.log.log_reader import KafkaLogReader

MAX_OF_ONE_KEY = 1
_RECORD_TIMEOUT_S = 5.0
log = structlog.get_logger()

blueprint = Blueprint("people", __name__, description="What is stored about a person: exported, corrected, erased.")


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/export")
@requires("privacy")
@blueprint.arguments(ExportQuery, location="query")
@response(PersonExport)
@blueprint.alt_response(404, description="Unknown program, or nothing is stored about the person.")
@blueprint.alt_response(429, description="This key has an export under way.")
@blueprint.alt_response(503, description="Kafka is unavailable, or other exports are under way; see Retry-After.")
def export(query: dict[str, str | None], program: str, external_id: str) -> PersonExport:
    """Everything that is stored about a person, by the platform's id or the person id; each part is explained.

    Lines of the log come in pages of at most 5,000 lines, 4 MB or 10 seconds: send `next_cursor` as `cursor` until it is null. A
    page may be empty where the person has no lines in what was read.
    """
    require_program(program)
    start = decode_position(query["cursor"]) if query["cursor"] else START
    person = find_person(program, external_id).id
    stored = stored_records(program, person)
    if stored.is_empty:
        raise unknown_person(program, external_id)
    settings, now = context().settings, to_datetime(context().clock.now_ms())
    with (
        dependencies().exports.hold(g.key.id, MAX_OF_ONE_KEY),
        KafkaLogReader(settings, record_timeout_s=_RECORD_TIMEOUT_S) as reader,
    ):
        page = read_lines(reader, settings, program, person, start, PageLimits())
    log.info("person exported", key=g.key.id, person=person, program=program)
    return export_response(program, person, stored, page.lines, encode_position(page.next), now)


@blueprint.patch("/v1/programs/<program>/people/<path:external_id>")
@requires("privacy")
@idempotent_except(StoredCorrection())
@response(CorrectedPerson)
@blueprint.alt_response(404, description="Unknown program, or nothing is stored about the person.")
@blueprint.alt_response(409, description="Another request changes the person, or they were changed too often.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": CorrectionSchema, "example": CORRECTION_EXAMPLE}},
    }
)
def correct(program: str, external_id: str) -> CorrectedPerson:
    """Correct what is stored about a person: the handle of anyone, and the profile of a participant; null removes.

    The same correction again changes nothing. What was replaced is gone from the log after the next compaction of `people`.
    """
    require_program(program)
    correction = read_correction()
    person = find_person(program, external_id).id
    stored = stored_records(program, person)
    if stored.is_empty:
        raise unknown_person(program, external_id)
    correct_person(program, person, stored, correction)
    log.info("person corrected", key=g.key.id, person=person, program=program)
    return corrected_person(program, person, stored_records(program, person))


@blueprint.delete("/v1/programs/<program>/people/<path:external_id>")
@requires("privacy")
@idempotent
@response(ErasureResponse)
@blueprint.alt_response(404, description="Unknown program, or nothing is or was stored about the person.")
@blueprint.alt_response(409, description="Another request is erasing this person.")
@blueprint.alt_response(
    503, description="Kafka or Redis is unavailable: send the request again, it continues where it stopped."
)
def erase(program: str, external_id: str) -> ErasureResponse:
    """Erase a person: no answer, page, webhook or key of Redis shows them from then on; figures stay as they are.

    Their code gives no credit and leads nowhere. Who comes back is a new person with a new id. The same request again is answered
    with the same erasure, and continues one that was interrupted.
    """
    require_program(program)
    target = find_person(program, external_id)
    try:
        proof = dependencies().erasure.erase(target)
    except (ErasureInProgress, ErasureIncomplete) as error:
        detail = f"{external_id} is being erased, or records of them are still being written. Send the request again."
        raise Problem(409, "in_progress", detail, headers={"Retry-After": "1"}) from error
    if proof is None:
        raise unknown_person(program, external_id)
    log.info("person erased", key=g.key.id, person=proof.person, program=program, epoch=proof.epoch)
    return erasure_response(program, proof, context().settings.erase_within_s)
