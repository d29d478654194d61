"""Pages for what went wrong: what happened, and what still works."""

from flask import Response, make_response, render_template, request

from referral.pages.languages import gettext


def unknown_program(program: str) -> Response:
    """404: there is no such program."""
    return _error_page(
        404,
        gettext("There is no board here"),
        gettext("There is no program %(program)s. Perhaps a letter of the address went astray.", program=program),
        gettext("Links and codes that friends gave you work all the same."),
    )


def unavailable() -> Response:
    """503: Redis does not answer."""
    response = _error_page(
        503,
        gettext("The board is catching its breath"),
        gettext("We cannot read it at the moment. Please look again in a minute."),
        gettext("Nothing is lost: links work, and every friend who follows meanwhile is counted."),
        {"href": request.full_path, "words": gettext("Look again")},
    )
    response.headers["Retry-After"] = "5"
    return response


def _error_page(status: int, happened: str, why: str, still: str, way_on: dict[str, str] | None = None) -> Response:
    page = render_template("referral/sorry.html", happened=happened, why=why, still=still, way_on=way_on)
    response = make_response(page, status)
    response.cache_control.no_store = True
    return response
