"""The archive of a person as one file for the console."""

import time

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.people.export_request import encode_position
from link_issuer.http_api.people.export_response import PersonExport, export_response
from link_issuer.http_api.people.person_lookup import stored_records
from link_issuer.privacy.person_lines import START, PageLimits, PersonLine, ReadPosition, read_lines
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.log.log_reader import KafkaLogReader

MAX_LINES = 20_000
_MAX_S, _RECORD_TIMEOUT_S = 20.0, 5.0


def export_person(operator: str, program: str, person: str) -> PersonExport:
    """Everything that is stored about a person, in one piece up to 20,000 lines or 20 seconds; `next_cursor` leads to the rest.

    Raises Problem 429 while the operator has another export under way, and LogUnavailable.
    """
    settings, now = context().settings, to_datetime(context().clock.now_ms())
    lines: list[PersonLine] = []
    place: ReadPosition | None = START
    deadline = time.monotonic() + _MAX_S
    with (
        dependencies().exports.hold(operator, 1),
        KafkaLogReader(settings, record_timeout_s=_RECORD_TIMEOUT_S) as reader,
    ):
        while place is not None and len(lines) < MAX_LINES and time.monotonic() < deadline:
            page = read_lines(reader, settings, program, person, place, PageLimits())
            lines += page.lines
            place = page.next
    return export_response(program, person, stored_records(program, person), lines, encode_position(place), now)
