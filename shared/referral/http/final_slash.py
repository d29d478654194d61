"""Addresses with a final slash: a person or a messenger added it, so they lead to the address without it, if that is one."""

from urllib.parse import quote

from flask import Flask, Response, current_app, redirect, request
from werkzeug.exceptions import HTTPException, NotFound

from referral.http.problems import http_error_response

_PATH_SAFE = "!$&'()*+,-./:;=@_~"  # a path in a Location header; browsers would read a backslash as a slash


def register(app: Flask) -> None:
    """Replaces the handler of unknown paths."""
    app.register_error_handler(NotFound, _unknown_path)


def _unknown_path(error: HTTPException) -> Response:
    meant = _without_final_slash()
    if meant is None:
        return http_error_response(error)
    return redirect(meant, 308, Response)  # type: ignore[return-value] # an instance of the class that it is given


def _without_final_slash() -> str | None:
    """The address of this request without its final slashes, with its query; None if it has none, or nothing is there."""
    path = "/" + request.path.strip("/")
    if request.method not in ("GET", "HEAD") or path in (request.path, "/"):
        return None
    routes = current_app.create_url_adapter(request)
    if routes is None or not routes.test(path, "GET"):
        return None
    query = request.query_string.decode("latin-1")
    return quote(path, safe=_PATH_SAFE) + (f"?{query}" if query else "")
