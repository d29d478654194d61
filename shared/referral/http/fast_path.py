"""Fast path: a WSGI view in front of Flask, for routes with thousands of requests per second.

Flask's routing, contexts and response objects cost more than all the work of a redirect. A fast view gets the plain WSGI
environment and responds to the ordinary case. Everything unusual (an unknown code, an invalid key or body) it passes on to the
Flask view of the same route, which returns the same result or an error that explains. docs/decisions/0007 has the measurement.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask

from referral.http.request_metrics import RequestObserver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class FastResponse(NamedTuple):
    """A complete response: status line, headers, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""


FastView = Callable[["WSGIEnvironment"], FastResponse | None]


def mount_fast_path(app: Flask, service: str, method: str, route: str, view: FastView) -> None:
    """Puts a fast view in front of the app. It is called first for every request of `method`; if it returns None, Flask serves it.

    Requests are counted under `route` like Flask's own. Service.__call__ adds the request id and the security headers.
    """
    flask_app: WSGIApplication = app.wsgi_app
    observer = RequestObserver(service)

    def respond(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != method:
            return flask_app(environ, start_response)
        started = time.perf_counter()
        response = view(environ)
        if response is None:
            return flask_app(environ, start_response)
        observer.count(route, method, int(response.status[:3]), time.perf_counter() - started)
        start_response(response.status, [*response.headers, ("Content-Length", str(len(response.body)))])
        return [response.body]

    app.wsgi_app = respond  # type: ignore[method-assign] # where Flask's documentation puts middleware


def client_address(environ: "WSGIEnvironment", proxies: int) -> str:
    """Returns the address of the client in front of that many trusted proxies, as ProxyFix does for Flask's views."""
    if proxies and (forwarded := environ.get("HTTP_X_FORWARDED_FOR")):
        addresses: list[str] = forwarded.split(",")
        if len(addresses) >= proxies and (address := addresses[-proxies].strip()):
            return address
    direct: str = environ.get("REMOTE_ADDR", "")
    return direct
