"""Errors for people: a browser gets a redirect to the address that was meant, or a page; API clients get the problem.

A service with pages registers these handlers in place of those of `referral.http.problems`, which they use for all other clients.
"""

from urllib.parse import quote

from flask import Flask, Response, current_app, redirect, render_template, request
from werkzeug.exceptions import HTTPException, NotFound

from referral.http.problems import Problem, http_error_response, problem_response
from referral.pages.languages import gettext

_API = ("/v1/", "/metrics", "/openapi.json")
_PATH_SAFE = "!$&'()*+,-./:;=@_~"  # a path in a Location header; browsers would read a backslash as a slash


def register(app: Flask) -> None:
    """Replaces the handlers of unknown paths and of problems."""
    app.register_error_handler(NotFound, _unknown_path)
    app.register_error_handler(Problem, _problem)


def _unknown_path(error: HTTPException) -> Response:
    if (meant := _without_final_slash()) is not None:
        return redirect(meant, 308)  # type: ignore[return-value] # werkzeug's response class, of which Flask's is a subclass
    if not _is_for_a_person():
        return http_error_response(error)
    return _page(
        404,
        gettext("There is nothing at this address"),
        gettext("Please check it for typos."),
        gettext("Links and codes from your friends still work."),
    )


def _problem(problem: Problem) -> Response:
    """The page for a person whom a problem concerns; its details are for API clients."""
    if not _is_for_a_person() or problem.status not in (404, 429, 503):
        return problem_response(problem)
    problem_response(problem)  # records it for the log
    if problem.status == 404:
        return _unknown_path(NotFound())
    response = _page(
        problem.status,
        gettext("One moment, please"),
        gettext("There are many requests right now."),
        gettext("Nothing is lost. Try again in a minute."),
        {"href": request.full_path, "text": gettext("Try again")},
    )
    response.headers.extend(problem.headers)
    return response


def _without_final_slash() -> str | None:
    """The address of this request without its final slashes, if a page is there; None otherwise."""
    path = "/" + request.path.strip("/")
    if request.method not in ("GET", "HEAD") or path in (request.path, "/"):
        return None
    if not current_app.create_url_adapter(request).test(path, "GET"):  # type: ignore[union-attr] # there is one in a request
        return None
    query = request.query_string.decode("latin-1")
    return quote(path, safe=_PATH_SAFE) + (f"?{query}" if query else "")


def _is_for_a_person() -> bool:
    """Whether a browser shows the response: it prefers HTML, and the address is none of the API."""
    types = ["application/json", "application/problem+json", "text/html"]
    return (
        request.method in ("GET", "HEAD")
        and not request.path.startswith(_API)
        and request.accept_mimetypes.best_match(types) == "text/html"
    )


def _page(status: int, title: str, explanation: str, advice: str, button: dict[str, str] | None = None) -> Response:
    page = render_template("referral/error.html", title=title, explanation=explanation, advice=advice, button=button)
    return Response(page, status, {"Cache-Control": "no-store"}, mimetype="text/html")
