"""Error pages of the leaderboard."""

from flask import Response, make_response, render_template, request

from referral.pages.languages import gettext


def unknown_program(program: str) -> Response:
    """Returns the 404 page for an unknown program."""
    return _error_page(
        404,
        gettext("There is no board here"),
        gettext("There is no program %(program)s. Check the address.", program=program),
        gettext("Links and codes from your friends still work."),
    )


def unavailable() -> Response:
    """Returns the 503 page for a board that cannot be read now."""
    response = _error_page(
        503,
        gettext("The board is temporarily unavailable"),
        gettext("Please try again in a minute."),
        gettext("Nothing is lost: links work, and every friend who follows now is counted."),
        {"href": request.full_path, "text": gettext("Try again")},
    )
    response.headers["Retry-After"] = "5"
    return response


def _error_page(
    status: int, title: str, explanation: str, advice: str, button: dict[str, str] | None = None
) -> Response:
    page = render_template("referral/error.html", title=title, explanation=explanation, advice=advice, button=button)
    response = make_response(page, status)
    response.cache_control.no_store = True
    return response
