"""The part about boards of the console's home view."""

from flask import Blueprint
from werkzeug.wrappers import Response

from leaderboard.domain.periods import UnknownPeriod
from leaderboard.http_api.challenge_console import submission_needs
from leaderboard.pages.board_rows import BoardRow
from leaderboard.pages.board_view import leader
from referral.console.guard import Visit, console_view
from referral.console.home_part import HomePart, Movement, part_response
from referral.events.program import Program
from referral.http.context import context
from referral.pages.console_shell import current_program
from referral.people.known_people import known_people

blueprint = Blueprint("console_boards", __name__)


@blueprint.get("/console/boards/home")
@console_view("read")
def home_part(visit: Visit) -> Response:
    """How many submissions wait for a review, and who leads the program's first board in its running period."""
    id = current_program(visit)
    needs = submission_needs(id) if id else ()
    newest = context().catalog.program(id) if id else None
    row = _leader(newest.program) if newest else None
    if row is None:
        return part_response(HomePart(needs))
    known = known_people([row.participant], context().people.snapshot())[row.participant]
    name = (known.display_name or known.external_id) if known else row.participant
    return part_response(HomePart(needs, movements=(Movement("leader", row.referrals, row.moved, name),)))


def _leader(program: Program) -> BoardRow | None:
    """No one leads a board whose only period is a campaign that the program no longer has."""
    try:
        return leader(program)
    except UnknownPeriod:
        return None
