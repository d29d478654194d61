"""The Flask of every service: what each answer needs, done where it costs least.

A redirect or a durable write takes some hundred microseconds, so nothing here is a hook that Flask looks up and calls by name:
request ids and security headers are put on at the door, and a view on the hot path meets neither the limiter nor the log.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, Response, request

from referral.http.chunked_body import ChunkedBodyRequest
from referral.http.rate_limit import RateLimiter
from referral.http.request_ids import request_id
from referral.http.request_metrics import RequestObserver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SECURITY = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
]
# A page brings its own styles, scripts and pictures; one that needs more says so in a header of its own.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_BEGAN = "referral.began"

View = TypeVar("View")


class _Response(Response):
    """A response whose whole body is handed to the server as one list, which it sends without calling back."""

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        """The body; anything but a plain one (streamed, HEAD, without content) goes werkzeug's way."""
        plain = self.is_sequence and not self._on_close and self.status_code not in (204, 304)
        if plain and environ["REQUEST_METHOD"] != "HEAD":
            return list(self.iter_encoded())
        return super().get_app_iter(environ)


class Service(Flask):
    """Flask with request ids, security headers, metrics by route, limits, and one log event a request."""

    request_class = ChunkedBodyRequest
    response_class = _Response

    def __init__(self, name: str, limiter: RateLimiter) -> None:
        super().__init__(name, static_folder=None)
        self.url_map.merge_slashes = False  # a person's id may be an address itself, with two in a row
        self._observer = RequestObserver(name)
        self._limiter = limiter
        self._hot: dict[str, bool] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serves a request."""
        environ[_BEGAN] = time.perf_counter()

        def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # as PEP 3333 has it
            if not any(name == "Content-Security-Policy" for name, _ in headers):
                headers.append(("Content-Security-Policy", _POLICY))
            return start_response(status, [*headers, *_SECURITY, ("X-Request-Id", request_id(environ))], exc_info)

        return self.wsgi_app(environ, begin)

    def ensure_sync(self, func: View) -> View:
        """Views are plain functions here; asking of each call whether it is a coroutine costs more than some views."""
        return func

    def preprocess_request(self) -> Any:
        """Counts the request against its caller's limit, unless its view is on the hot path."""
        if not self._is_hot(request):
            self._limiter.count(request)
        return super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        """Tells of the answer: in metrics always, in the log unless it went well on the hot path."""
        response = super().process_response(response)
        asked: Request = request._get_current_object()  # type: ignore[attr-defined] # each look at the proxy costs
        hot = self._is_hot(asked)
        if not hot or response.status_code == 429:
            self._limiter.add_headers(response)
        self._observer.record_response(asked, response, time.perf_counter() - asked.environ[_BEGAN], hot=hot)
        return response

    def _is_hot(self, asked: Request) -> bool:
        """Whether the view is marked `unlimited`; an address without a view counts as one that is not."""
        rule = asked.url_rule
        if rule is None:
            return False
        hot = self._hot.get(rule.endpoint)
        if hot is None:
            view = self.view_functions[rule.endpoint]
            hot = self._hot[rule.endpoint] = bool(getattr(view, "_unlimited", False))
        return hot
