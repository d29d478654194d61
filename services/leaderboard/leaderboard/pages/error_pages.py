"""Error pages of the leaderboard."""

from urllib.parse import quote

from flask import Response, make_response, render_template, request

from leaderboard.domain.periods import FIRST_YEAR, LAST_YEAR
from referral.pages.languages import gettext, language


def unknown_program(program: str) -> Response:
    """Returns the 404 page for an unknown program."""
    return _error_page(
        404,
        gettext("There is no board here"),
        gettext('No program called "%(program)s". Check the address.', program=program[:64]),
        gettext("Your friends' links and codes still work."),
        asks_for_code=True,
    )


def unknown_challenge(program: str) -> Response:
    """Returns the 404 page for a challenge that the program does not have."""
    return _error_page(
        404,
        gettext("There is no such challenge"),
        gettext("Check the address: the challenge may have another name."),
        gettext("The boards of the program are one tap away."),
        button={"href": f"/p/{quote(program, safe='')}?lang={language()}", "text": gettext("See the current board")},
    )


def unknown_period() -> Response:
    """Returns the 422 page for a period that does not exist, with the periods that do."""
    return _error_page(
        422,
        gettext("There is no such period"),
        gettext(
            "Boards exist for days, weeks and months from %(first)s to %(last)s, written like 2026-11-24, 2026-W48 or 2026-11.",
            first=FIRST_YEAR,
            last=LAST_YEAR,
        ),
        gettext("The current board is one tap away."),
        button={"href": f"?lang={language()}", "text": gettext("See the current board")},
    )


def unknown_board() -> Response:
    """Returns the 404 page for a board that the program does not have."""
    return _error_page(
        404,
        gettext("There is no such board"),
        gettext("This program does not rank by that. Its own boards are one tap away."),
        gettext("Your friends' links and codes still work."),
        button={"href": f"?lang={language()}", "text": gettext("See the current board")},
    )


def unknown_proof() -> Response:
    """Returns the 404 page for a proof of a place that is on no closed board."""
    return _error_page(
        404,
        gettext("There is no proof here"),
        gettext("Only places on closed boards have a proof: a board closes a day after its period ends."),
        gettext("Your friends' links and codes still work."),
    )


def unavailable() -> Response:
    """Returns the 503 page for a board that cannot be read now."""
    response = _error_page(
        503,
        gettext("The board can't be shown right now"),
        gettext("Please try again in a minute."),
        gettext("Links still work, and every new friend still counts."),
        button={"href": request.full_path, "text": gettext("Try again")},
    )
    response.headers["Retry-After"] = "5"
    return response


def link_is_over() -> Response:
    """Returns the 410 page for a link to a growth page that has expired or was ended."""
    return _error_page(
        410,
        gettext("This link is over"),
        gettext("It has expired, or it was ended."),
        gettext("Ask the person who sent it for a new one."),
    )


def _error_page(status: int, title: str, explanation: str, advice: str, **more: object) -> Response:
    """The page; `more` is what else its template shows."""
    page = render_template("referral/error.html", title=title, explanation=explanation, advice=advice, **more)
    response = make_response(page, status)
    response.cache_control.no_store = True
    return response
