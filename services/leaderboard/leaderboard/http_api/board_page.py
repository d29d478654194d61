"""The public board page: no key, no script needed, names only."""

from flask import Response
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from leaderboard.pages import error_pages
from leaderboard.pages.board_view import render_board_page
from referral.http.rate_limit import without_rate_limit
from referral.log.errors import LogUnavailable

_QUERY = [
    ("period", "day, week, month or all; or one by name. The month where it names none."),
    ("lang", "zh-CN or en; the browser's language otherwise."),
    ("me", "A participant's id: their row is pinned."),
]
_PARAMETERS = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": told} for name, told in _QUERY
]
_HTML = {"text/html": {"schema": {"type": "string"}}}
_ANSWERS = {
    200: {"description": "The page.", "content": _HTML},
    304: {"description": "It has not changed."},
    404: {"description": "There is no such program; a page that says so.", "content": _HTML},
    503: {"description": "The board cannot be read now; a page that says so.", "content": _HTML},
}

blueprint = Blueprint("board_page", __name__, template_folder="../pages/templates")


@blueprint.get("/p/<program>")
@blueprint.doc(parameters=_PARAMETERS, responses=_ANSWERS)
@without_rate_limit
def page(program: str) -> Response:
    """The public board page of a program, in Chinese or English. Its errors are pages too."""
    try:
        return render_board_page(program) or error_pages.unknown_program(program)
    except (RedisError, LogUnavailable):
        return error_pages.unavailable()
