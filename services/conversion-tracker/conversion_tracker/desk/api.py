"""The API of the desk: checks pasted lines, records what they become, and withdraws it."""

from flask import g, request

from conversion_tracker.desk.desk_request import CheckQuery, Origin, read_rows
from conversion_tracker.desk.desk_response import (
    DeskCheckResponse,
    DeskFactsResponse,
    DeskWithdrawalsResponse,
    count_rows,
)
from conversion_tracker.desk.file_request import read_lines
from conversion_tracker.desk.line_decision import DeskTerms, decide_lines
from conversion_tracker.desk.recording import decide_rows, record_rows
from conversion_tracker.desk.store import desk_knowledge, desk_terms
from conversion_tracker.desk.withdrawal import withdraw_rows
from referral.events.facts import Channel
from referral.http.api_keys import requires
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response

blueprint = Blueprint("desk", __name__, description="Pasted comments, messages and lists of followers become events.")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEXT_BODY = {"schema": {"type": "string"}, "example": "小鹿：我是AMY89来的\nBo: just followed! @amy_glow told me"}
_FILE_BODY = {"schema": {"type": "string", "format": "binary"}}
_ROWS_EXAMPLE = {
    "channel": "xiaohongshu",
    "rows": [{"line": 1, "kind": "follow", "status": "new", "name": "Bo", "person": "xhs:bo", "code": "AMY89"}],
}
_ROWS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DeskRows"}, "example": _ROWS_EXAMPLE}
        },
    }
}


@blueprint.post("/v1/programs/<program>/desk/check")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"text/plain": _TEXT_BODY, "text/csv": {"schema": {"type": "string"}}, _XLSX: _FILE_BODY},
    }
)
@requires("events:write")
@blueprint.arguments(CheckQuery, location="query")
@response(DeskCheckResponse)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(413, description="More than 10,000 lines, or too large.")
@blueprint.alt_response(415, description="A workbook of the old format.")
@blueprint.alt_response(422, description="The file cannot be read.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def check(query: Origin, program: str) -> DeskCheckResponse:
    """State what each line of a text, CSV file or workbook (XLSX) becomes. Nothing is recorded.

    Codes, mentions, hashtags and post links are recognised. `status` of a row is `new`, `decide` (choose a code first), `here`
    (recorded already) or `nothing`, with the reason. Send rows to `…/desk/facts` to record them.
    """
    terms = desk_terms(program, query["channel"], query["source"], query["happened"])
    lines = read_lines(request.get_data(cache=False), query["source"])
    if not lines:
        raise Problem(422, "no_lines", "The body has no line with text. Send the comments, messages or followers.")
    rows = decide_lines(lines, terms, desk_knowledge(program))
    return DeskCheckResponse(rows, count_rows(rows))


@blueprint.post("/v1/programs/<program>/desk/facts")
@blueprint.doc(**_ROWS_BODY)
@requires("events:write")
@response(DeskFactsResponse, 202, description="The events are durable.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(422, description="The rows are invalid.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable: send the same rows again.")
def facts(program: str) -> DeskFactsResponse:
    """Record the events of rows.

    Each row is decided again. The id of an event follows from its content, so rows that were sent before add nothing. To decide a
    row with the status `decide`, give it the `code`, `mention` or `person` that is right, and the status `new`.
    """
    body = read_rows()
    done = record_rows(decide_rows(program, body.rows, _terms(program, body.channel)))
    return DeskFactsResponse(len(done.added), [*done.added], [*done.others], [*done.rejected])


@blueprint.post("/v1/programs/<program>/desk/withdrawals")
@blueprint.doc(**_ROWS_BODY)
@requires("events:write")
@response(DeskWithdrawalsResponse, 202, description="The withdrawals are durable.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(422, description="The rows are invalid.")
@blueprint.alt_response(503, description="Kafka is unavailable: send the same rows again.")
def withdrawals(program: str) -> DeskWithdrawalsResponse:
    """Withdraw the events of rows that `…/desk/facts` has recorded: attribution decides as if they had never been sent.

    Posts are reported as removed.
    """
    body = read_rows()
    require_program(program)
    return DeskWithdrawalsResponse(withdraw_rows(program, body.rows, body.channel, body.by or g.key.id, g.key.id))


def _terms(program: str, channel: Channel) -> DeskTerms:
    return desk_terms(program, channel, "comments", "written")
