"""The Flask class of every service: request ids, security headers, metrics, rate limits and logs at the lowest cost.

A redirect or a durable write takes a few hundred microseconds. Therefore methods of Flask are overridden in place of registered
hooks, the WSGI layer adds request ids and security headers, and fast-path views skip the rate limiter and the log.
"""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, Response, request

from referral.http.compressed_body import CompressedBodyRequest
from referral.http.ignored_proxies import IgnoredProxies
from referral.http.rate_limit import RateLimiter
from referral.http.request_ids import request_id
from referral.http.request_metrics import RequestObserver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# For pages with their own styles, scripts and images; a view that needs another one sends its own header.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def frame_policy(origins: Sequence[str]) -> str:
    """The policy of a page that these sites may show in a frame."""
    return _POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}") if origins else _POLICY


_SECURITY = [
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
]
_STARTED_AT = "referral.started_at"

View = TypeVar("View")


class _Response(Response):
    """A response whose body is passed to the server as a list, which granian sends without further calls."""

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        """Returns the body; werkzeug handles streams, HEAD and responses without content."""
        plain = self.is_sequence and not self._on_close and self.status_code not in (204, 304)
        if plain and environ["REQUEST_METHOD"] != "HEAD":
            return list(self.iter_encoded())
        return super().get_app_iter(environ)


class Service(Flask):
    """Flask with request ids, security headers, metrics by route, rate limits, and one log event per request."""

    request_class = CompressedBodyRequest
    response_class = _Response

    def __init__(self, name: str, limiter: RateLimiter, proxies: int) -> None:
        """`proxies` is how many entries of X-Forwarded-For are trusted."""
        super().__init__(name, static_folder=None)
        self.url_map.merge_slashes = False  # a person's id in the path may be a URL
        self._observer = RequestObserver(name)
        self._limiter = limiter
        self._fast_paths: dict[str, bool] = {}
        self._ignored_proxies = None if proxies else IgnoredProxies()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serves a request."""
        environ[_STARTED_AT] = time.perf_counter()
        if self._ignored_proxies is not None and "HTTP_X_FORWARDED_FOR" in environ:
            self._ignored_proxies.count()

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:  # the signature of PEP 3333
            own = {name for name, _ in headers}
            headers += [header for header in _SECURITY if header[0] not in own]
            return start_response(status, [*headers, ("X-Request-Id", request_id(environ))], exc_info)

        return self.wsgi_app(environ, start)

    def ensure_sync(self, func: View) -> View:
        """Returns the view unchanged: no view is a coroutine, and Flask's check costs more than some views."""
        return func

    def preprocess_request(self) -> Any:
        """Counts the request against the rate limit, except on fast paths."""
        if not self._is_fast_path(request):
            self._limiter.count(request)
        return super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        """Records the response in the metrics and, except for a success on a fast path, in the log."""
        response = super().process_response(response)
        current: Request = request._get_current_object()  # type: ignore[attr-defined] # each access of the proxy costs
        fast_path = self._is_fast_path(current)
        if not fast_path or response.status_code == 429:
            self._limiter.add_headers(response)
        seconds = time.perf_counter() - current.environ[_STARTED_AT]
        self._observer.record_response(current, response, seconds, fast_path=fast_path)
        return response

    def _is_fast_path(self, current: Request) -> bool:
        """Whether the request has a view that is marked `without_rate_limit`."""
        rule = current.url_rule
        if rule is None:
            return False
        fast_path = self._fast_paths.get(rule.endpoint)
        if fast_path is None:
            view = self.view_functions[rule.endpoint]
            fast_path = self._fast_paths[rule.endpoint] = bool(getattr(view, "_without_rate_limit", False))
        return fast_path
