"""The route of the public page of a challenge: without API key, usable without scripts, names only."""

from flask import Response
from redis.exceptions import RedisError

from leaderboard.pages import error_pages
from leaderboard.pages.challenge_reminder import reminder_file
from leaderboard.pages.challenge_view import UnknownChallenge, render_challenge_page
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.log.errors import LogUnavailable

_HTML = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES = {
    200: {"description": "The page.", "content": _HTML},
    304: {"description": "Not modified."},
    404: {"description": "Unknown program or challenge, as a page.", "content": _HTML},
    429: {"description": "Too many unknown programs for this address, as a page.", "content": _HTML},
    503: {"description": "The challenge cannot be read now, as a page.", "content": _HTML},
}
_PARAMETERS = [
    {
        "in": "query",
        "name": "lang",
        "schema": {"type": "string"},
        "description": "zh-CN or en. The browser's language by default.",
    }
]
_ME = {
    "in": "query",
    "name": "me",
    "schema": {"type": "string", "maxLength": 64},
    "description": "A person id: the page shows their own week, as the link in their wallet does.",
}
_REMINDER = {
    200: {"description": "An iCalendar file.", "content": {"text/calendar": {"schema": {"type": "string"}}}},
    404: _RESPONSES[404],
    503: _RESPONSES[503],
}
blueprint = Blueprint("challenge_page", __name__, template_folder="../pages/templates")


@blueprint.get("/p/<program>/c/<challenge>")
@blueprint.doc(parameters=[*_PARAMETERS, _ME], responses=_RESPONSES)
@without_rate_limit
def page(program: str, challenge: str) -> Response:
    """The public page of a challenge, in Chinese or English. Errors are pages too."""
    try:
        return render_challenge_page(program, challenge) or error_pages.unknown_program(program)
    except UnknownChallenge:
        return error_pages.unknown_challenge(program)
    except (RedisError, LogUnavailable):
        return error_pages.unavailable()


@blueprint.get("/p/<program>/c/<challenge>/reminder.ics")
@blueprint.doc(parameters=_PARAMETERS, responses=_REMINDER)
@without_rate_limit
def reminder(program: str, challenge: str) -> Response:
    """A calendar file that reminds of the first day of the challenge."""
    try:
        return reminder_file(program, challenge) or error_pages.unknown_challenge(program)
    except LogUnavailable:
        return error_pages.unavailable()
