"""The route of the public board page: without API key, usable without scripts, names only."""

import msgspec
from flask import Response
from redis.exceptions import RedisError

from leaderboard.domain.periods import UnknownPeriod
from leaderboard.folds.closing_terms import PeriodBoard
from leaderboard.http_api.requests import require_metric, require_period
from leaderboard.pages import error_pages
from leaderboard.pages.board_view import UnknownBoard, render_board_page
from leaderboard.pages.closed_board_view import own_proof
from referral.http.embedding import for_frames, require_embed_token
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
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

_FRAME_RESPONSES = {
    **_RESPONSES,
    404: {"description": "The token is invalid or for another purpose, or the metric has no board."},
    410: {"description": "The token is over."},
}
_PROOF_AGE_S = 3600
_PROOF_RESPONSES = {
    200: {"description": "The proof.", "content": {"application/json": {"schema": {"type": "object"}}}},
    404: {"description": "No such board is closed, or the person is not on it, as a page.", "content": _HTML},
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


@blueprint.get("/p/embed/<token>")
@blueprint.doc(parameters=_PARAMETERS, responses=_FRAME_RESPONSES)
@without_rate_limit
def frame(token: str) -> Response:
    """The public board page in a frame of the program's own sites."""
    return for_frames(page(require_embed_token("board", token).program))


@blueprint.get("/p/<program>/proof/<metric>/<period>/<participant>")
@blueprint.doc(responses=_PROOF_RESPONSES)
@without_rate_limit
def proof(program: str, metric: str, period: str, participant: str) -> Response:
    """The proof of a person's rank on a closed board, as a file. `referral board verify` verifies it with the board's root."""
    try:
        window = require_period(program, period)
        name = PeriodBoard(program, require_metric(metric), "follower", window.name)
        found = own_proof(name, participant[:64])
    except (Problem, UnknownPeriod):
        return error_pages.unknown_proof()
    except (RedisError, LogUnavailable):
        return error_pages.unavailable()
    if found is None:
        return error_pages.unknown_proof()
    answer = Response(msgspec.json.encode(found), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{name.metric}-{name.period}.json"'
    answer.cache_control.public, answer.cache_control.max_age = True, _PROOF_AGE_S
    return answer
