"""Hot paths: a view in front of Flask, for the requests that come by the thousand a second.

Flask's routing, contexts and response objects cost more than a redirect's whole work. A hot view sees the plain WSGI environment
and answers what it can at once; whatever is out of the ordinary (an unknown code, a bad key, an odd body) it leaves to the Flask
view of the same address, which says the same and explains. docs/decisions/ has the measurement.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask

from referral.http.request_metrics import RequestObserver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class FastResponse(NamedTuple):
    """A complete answer: status line, headers, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""


FastView = Callable[["WSGIEnvironment"], FastResponse | None]


def mount_fast_path(app: Flask, service: str, method: str, route: str, view: FastView) -> None:
    """Puts a hot view before the app. It is asked first for every request of `method`; None goes on to Flask.

    Metrics are kept under `route`, as Flask's own requests are; request id and security headers are put on by the door.
    """
    onward: WSGIApplication = app.wsgi_app
    observer = RequestObserver(service)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != method:
            return onward(environ, start_response)
        began = time.perf_counter()
        found = view(environ)
        if found is None:
            return onward(environ, start_response)
        observer.count(route, method, int(found.status[:3]), time.perf_counter() - began)
        start_response(found.status, [*found.headers, ("Content-Length", str(len(found.body)))])
        return [found.body]

    app.wsgi_app = answer  # type: ignore[method-assign] # the place Flask's documentation gives for middleware
