"""A group chat's server on this machine, and connections that lead to it although they are opened to a public address."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpcore

from reward_dispatcher.delivery.connections import ReceiverConnections, Resolver

PUBLIC = "93.184.215.14"


@dataclass
class ChatServer:
    """Requests in order: the host that was asked for, the path with its query, and the body. `status` and `answer` can be set."""

    port: int = 0
    status: int = 200
    answer: bytes = b'{"errcode":0,"errmsg":"ok"}'
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    hosts: list[str | None] = field(default_factory=list)
    """Whose certificates were asked for."""
    addresses: list[str] = field(default_factory=list)
    resolved_to: str = PUBLIC

    def connections(self) -> ReceiverConnections:
        """Returns guarded connections: hosts resolve to `resolved_to`, and connections to it end at this server."""
        return ReceiverConnections(_FixedResolver(self), _Connector(self), loopback=False)


class _FixedResolver(Resolver):
    """Resolves each host to the same address."""

    def __init__(self, server: ChatServer) -> None:
        self._server = server

    async def resolve(self, host: str, port: int, *, proven: bool) -> list[str]:
        return [self._server.resolved_to]


class _Connector(httpcore.AnyIOBackend):
    """Connects to the server of the test, and records to which address it should have."""

    def __init__(self, server: ChatServer) -> None:
        self._server = server

    async def connect_tcp(self, host: str, port: int, *args: object, **kwargs: object) -> httpcore.AsyncNetworkStream:  # type: ignore[override]
        self._server.addresses.append(f"{host}:{port}")
        return _Unencrypted(await super().connect_tcp("127.0.0.1", self._server.port), self._server)


class _Unencrypted(httpcore.AsyncNetworkStream):
    """A stream that says which certificate it would have asked for, and goes on without encryption."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, server: ChatServer) -> None:
        self._stream = stream
        self._server = server

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._server.hosts.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> object:
        return None if info == "ssl_object" else self._stream.get_extra_info(info)


@contextmanager
def run_chat_server() -> Iterator[ChatServer]:
    """Yields a server on a free port of this machine."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            chat.requests.append((self.headers["host"], self.path, body))
            self.send_response(chat.status)
            self.send_header("content-length", str(len(chat.answer)))
            self.end_headers()
            self.wfile.write(chat.answer)

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.port = server.server_address[1]
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
