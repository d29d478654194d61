"""Passes a request of the server of live streams on to the Flask app, which knows keys, sessions, limits and error pages."""

import io
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class WsgiResponse(NamedTuple):
    """A complete response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def wsgi_environ(
    raw_path: str, query: str, headers: Iterable[tuple[str, str]], address: str, host: str
) -> dict[str, Any]:
    """The environment of a GET request without body, by PEP 3333. `raw_path` is percent-encoded; `host` is host:port."""
    server, _, port = host.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": server or host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return {**environ, **_header_variables(headers)}


def _header_variables(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Headers as variables; a repeated header is one with commas, and the length of a body is left out."""
    found: dict[str, str] = {}
    for name, value in headers:
        variable = "HTTP_" + name.upper().replace("-", "_")
        if "_" in name or variable in ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            continue  # a name with an underscore could pose as another header
        separator = "; " if variable == "HTTP_COOKIE" else ","
        found[variable] = f"{found[variable]}{separator}{value}" if variable in found else value
    return found


def call(app: "WSGIApplication", environ: dict[str, Any]) -> WsgiResponse:
    """The response of a WSGI app."""
    started: list[tuple[int, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:  # as PEP 3333 has it
        started.append((int(status[:3]), headers))

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return WsgiResponse(status, headers, body)
