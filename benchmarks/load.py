"""A closed-loop HTTP load: so many connections, each with one request under way. One process, raw sockets, epoll.

It costs little beside what it loads, so that on two cores a server's own cost decides. Requests are prepared before time runs.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a run: answers a second, and each answer's time in seconds."""

    answers: int
    seconds: float
    times: Sequence[float]
    failures: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """The time that this share of the answers did not exceed, seconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """The bytes of a request."""
    parts = urlsplit(url)
    lines = [
        f"{method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(address: str, requests: Sequence[bytes], clients: int, expected: bytes) -> Load:
    """Sends every request once, over `clients` connections; a response whose status is not `expected` is a failure.

    A connection that the server closes is a failure too, and sends nothing more.

    Runs in a process of its own, so that the caller's threads do not slow it.
    """
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sending.send(_drive(address, requests, clients, expected)))
    child.start()
    load: Load = receiving.recv()
    child.join()
    return load


def _drive(address: str, requests: Sequence[bytes], clients: int, expected: bytes) -> Load:
    host, port = urlsplit(address).hostname, urlsplit(address).port
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    times: list[float] = []
    failures = 0
    began = time.perf_counter()
    for _ in range(clients):
        connection = socket.create_connection((host, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _next(_Client(connection), waiting, selector)
    while selector.get_map():
        for key, _ in selector.select():
            client: _Client = key.data
            received = client.connection.recv(65536)
            client.received += received
            if received and not _whole(client.received):
                continue
            times.append(time.perf_counter() - client.sent_at)
            failures += not client.received.startswith(b"HTTP/1.1 " + expected)
            selector.unregister(client.connection)
            if received:
                _next(client, waiting, selector)
    return Load(len(times), time.perf_counter() - began, times, failures)


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    received: bytes = b""
    sent_at: float = 0.0


def _next(client: _Client, waiting: Iterator[bytes], selector: selectors.BaseSelector) -> None:
    """Sends the client's next request, or ends it."""
    next_request = next(waiting, None)
    if next_request is None:
        client.connection.close()
        return
    client.received = b""
    client.sent_at = time.perf_counter()
    client.connection.sendall(next_request)
    selector.register(client.connection, selectors.EVENT_READ, client)


def _whole(received: bytes) -> bool:
    """Whether a response is complete: its head, and as much body as the head declares."""
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    lowered = head.lower()
    if b"content-length:" not in lowered:
        return True
    return len(body) >= int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
