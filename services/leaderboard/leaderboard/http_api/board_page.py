"""The route of the public board page: without API key, usable without scripts, names only."""

from flask import Response
from redis.exceptions import RedisError

from leaderboard.domain.periods import UnknownPeriod
from leaderboard.pages import error_pages
from leaderboard.pages.board_view import UnknownBoard, render_board_page
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.log.errors import LogUnavailable

_QUERY = {
    "metric": "What is counted, one of the program's boards. That of its first board by default.",
    "period": "day, week, month or all, or a period by name. The month by default.",
    "lang": "zh-CN or en. The browser's language by default.",
    "me": "A participant's person id, psn_…, whose row is pinned.",
}
_PARAMETERS = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": description}
    for name, description in _QUERY.items()
]
_HTML = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES = {
    200: {"description": "The page.", "content": _HTML},
    304: {"description": "Not modified."},
    404: {"description": "Unknown program, or a metric without a board, as a page.", "content": _HTML},
    429: {"description": "Too many unknown programs for this address, as a page.", "content": _HTML},
    422: {"description": "Not a period, or one outside the years that boards have, as a page.", "content": _HTML},
    503: {"description": "The board cannot be read now, as a page.", "content": _HTML},
}

blueprint = Blueprint("board_page", __name__, template_folder="../pages/templates")


@blueprint.get("/p/<program>")
@blueprint.doc(parameters=_PARAMETERS, responses=_RESPONSES)
@without_rate_limit
def page(program: str) -> Response:
    """The public board page of a program, in Chinese or English. Errors are pages too."""
    try:
        return render_board_page(program) or error_pages.unknown_program(program)
    except UnknownBoard:
        return error_pages.unknown_board()
    except UnknownPeriod:
        return error_pages.unknown_period()
    except (RedisError, LogUnavailable):
        return error_pages.unavailable()
