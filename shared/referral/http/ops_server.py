"""Health and metrics of processes that serve no other HTTP (folds and workers), by a small server in its own thread."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask

from referral.config import Settings
from referral.http.health import Check, ops_blueprint


class _QuietHandler(WSGIRequestHandler):
    """Does not log requests: each scrape would be a line."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Does nothing."""


class _Ipv6Server(WSGIServer):
    """A server on an IPv6 address."""

    address_family = socket.AF_INET6


@contextmanager
def serve_ops(settings: Settings, checks: Mapping[str, Check]) -> Iterator[None]:
    """Serves /healthz, /readyz and /metrics on `REFERRAL_METRICS_PORT` while the block runs; serves nothing if it is 0."""
    if not settings.metrics_port:
        yield
        return
    app = Flask("ops")
    app.register_blueprint(ops_blueprint(checks))
    kind = _Ipv6Server if ":" in settings.http_host else WSGIServer
    with make_server(settings.http_host, settings.metrics_port, app, kind, _QuietHandler) as server:
        thread = Thread(target=server.serve_forever, name="ops", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(2)
