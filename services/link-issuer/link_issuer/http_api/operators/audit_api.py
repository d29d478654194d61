"""The audit log over HTTP."""

from datetime import datetime
from typing import Annotated, cast

from flask import g
from marshmallow import RAISE
from msgspec import Meta

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.operators.operator_request import AuditQuery
from link_issuer.http_api.operators.operator_response import AuditPageResponse, actor_names, audit_entry
from referral.console.audit_reader import AuditFilter, AuditPlace
from referral.http.api_keys import require_program_access, requires
from referral.http.json_body import Blueprint
from referral.http.paging import decode_cursor, encode_cursor
from referral.http.responses import response

blueprint = Blueprint("audit", __name__, description="What operators and admin keys did.")
_Number = Annotated[int, Meta(ge=0, lt=2**60)]


@blueprint.get("/v1/audit")
@requires("admin")
@blueprint.arguments(AuditQuery, location="query", unknown=RAISE)
@response(AuditPageResponse)
@blueprint.alt_response(503, description="Kafka is unavailable.")
def audit(query: dict[str, object]) -> AuditPageResponse:
    """Actions in the console and with operators of the last 400 days, the earliest first.

    A key bound to programs sees those of its programs. A page may have fewer lines than `limit`, or none, where many others are in
    between: read on while there is a `next_cursor`.
    """
    program = cast("str | None", query["program"])
    if program is not None:
        require_program_access(g.key, program)
    own = frozenset({program}) if program else frozenset(g.key.programs) or None
    wanted = AuditFilter(own, cast("str | None", query["actor"]), cast("datetime | None", query.get("since")))
    start = AuditPlace(*decode_cursor(str(query["cursor"]), tuple[_Number, _Number])) if query["cursor"] else None
    page = dependencies().audit_reader.page(start, wanted, int(str(query["limit"])))
    names = actor_names()
    return AuditPageResponse(
        [audit_entry(line, names) for line in page.lines], encode_cursor(page.next_place) if page.next_place else None
    )
