"""`/v1/programs/{p}/rejected`: the lines that a program's rules could not process, and their replay after a repair."""

from flask import g
from marshmallow import RAISE

from conversion_tracker.dependencies import dependencies
from conversion_tracker.rejected.rejected_request import (
    RejectedQuery,
    ReplayQuery,
    cursor_of,
    parse_letter_id,
    start_of_page,
)
from conversion_tracker.rejected.rejected_response import (
    RejectedDetail,
    RejectedPage,
    RejectedReplay,
    rejected_detail,
    rejected_line,
)
from conversion_tracker.rejected.retry_writer import write_retries
from conversion_tracker.rejected.store import Letter, LetterFilter
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response

blueprint = Blueprint("rejected", __name__, description="Lines that were set aside for a program, and their replay.")
_UNKNOWN = "Unknown program, or no such line of it within the last 30 days."


@blueprint.get("/v1/programs/<program>/rejected")
@requires("read")
@blueprint.arguments(RejectedQuery, location="query", unknown=RAISE)
@response(RejectedPage)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def rejected(query: dict[str, object], program: str) -> RejectedPage:
    """Lines that the program's rules could not process, the earliest first; each stays listed for 30 days."""
    require_program(program)
    status = query["status"]
    wanted = LetterFilter(_fold(query), None if status == "all" else status == "waiting")
    page = dependencies().rejected.page(program, start_of_page(query["cursor"]), wanted, int(str(query["limit"])))
    return RejectedPage([rejected_line(one) for one in page.letters], cursor_of(page.next_place))


@blueprint.get("/v1/programs/<program>/rejected/<rejected_id>")
@requires("read")
@response(RejectedDetail)
@blueprint.alt_response(404, description=_UNKNOWN)
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def show(program: str, rejected_id: str) -> RejectedDetail:
    """A line that was set aside: why, where it is on the log, and (with scope `admin`) its content."""
    return rejected_detail(_require_letter(program, rejected_id), with_content="admin" in g.key.scopes)


@blueprint.post("/v1/programs/<program>/rejected/replay")
@requires("admin")
@idempotent
@blueprint.arguments(ReplayQuery, location="query", unknown=RAISE)
@response(RejectedReplay, 202, description="The retries are durable.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def replay_all(query: dict[str, object], program: str) -> RejectedReplay:
    """Replay the lines that wait, in their order, up to `limit` of them; go on with `next_cursor`.

    After the program was corrected, or a release can process them. Each is decided once, however often it is replayed; a line
    that still cannot be processed keeps waiting.
    """
    require_program(program)
    wanted = LetterFilter(_fold(query), waits=True)
    page = dependencies().rejected.page(program, start_of_page(query["cursor"]), wanted, int(str(query["limit"])))
    return _replay(page.letters, cursor_of(page.next_place))


@blueprint.post("/v1/programs/<program>/rejected/<rejected_id>/replay")
@requires("admin")
@idempotent
@response(RejectedReplay, 202, description="The retry is durable, or the line was processed already.")
@blueprint.alt_response(404, description=_UNKNOWN)
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def replay_one(program: str, rejected_id: str) -> RejectedReplay:
    """Replay one line. If an earlier line of the same state waits, it keeps waiting: replay that first, or all."""
    return _replay([_require_letter(program, rejected_id)], None)


def _replay(letters: list[Letter], next_cursor: str | None) -> RejectedReplay:
    """Writes the retries of the letters that wait. Raises NotDurable."""
    waiting = [one.rejected for one in letters if one.waits]
    at = to_datetime(context().clock.now_ms())
    id = write_retries(dependencies().retry_producer, waiting, at) if waiting else None
    return RejectedReplay(id, len(waiting), len(letters) - len(waiting), next_cursor, at)


def _fold(query: dict[str, object]) -> str | None:
    fold = query["fold"]
    return None if fold is None else str(fold)


def _require_letter(program: str, id: str) -> Letter:
    """Raises Problem 404 for an unknown program or dead letter."""
    require_program(program)
    place = parse_letter_id(id)
    letter = dependencies().rejected.find(program, place) if place else None
    if letter is None:
        detail = (
            f"Unknown line {id[:64]!r} of {program}. GET /v1/programs/{program}/rejected lists those of the last 30 days; ids"
            " look like rej_1743_0."
        )
        raise Problem(404, "unknown_rejected_line", detail)
    return letter
