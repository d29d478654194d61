"""Health and metrics of a process that serves no HTTP otherwise: folds and workers. A small server in a thread beside the work."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask

from referral.config import Settings
from referral.http.health import Check, blueprint


class _QuietHandler(WSGIRequestHandler):
    """Scrapes are no news."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Writes nothing."""


class _Ipv6Server(WSGIServer):
    """Listens on an IPv6 address."""

    address_family = socket.AF_INET6


@contextmanager
def serve_ops(settings: Settings, checks: Mapping[str, Check]) -> Iterator[None]:
    """Serves /healthz, /readyz and /metrics on `REFERRAL_METRICS_PORT` while the block runs; nothing where it is 0."""
    if not settings.metrics_port:
        yield
        return
    app = Flask("side")
    app.register_blueprint(blueprint(checks))
    kind = _Ipv6Server if ":" in settings.http_host else WSGIServer
    with make_server(settings.http_host, settings.metrics_port, app, kind, _QuietHandler) as server:
        thread = Thread(target=server.serve_forever, name="side", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(2)
