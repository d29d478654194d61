"""Bounds of an exchange: how long it takes in all, and how large the response is.

The time-outs of httpx hold for one read or write, so a server that sends a byte every few seconds would never end. Here every
read and write of an exchange gets what is left of its total time. The look-up of a name is not part
of it: it cannot be interrupted.
"""

import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from ssl import SSLContext

import httpcore
import httpx

MAX_RESPONSE_BYTES = 8 * 1024 * 1024
"""The largest responses of the service, about 1,000 refused events, have less than one MiB."""
_SLICE = 16 * 1024
_MAX_CONNECTIONS, _MAX_IDLE, _IDLE_S = 100, 20, 5.0
"""Those of httpx."""
_ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


class ResponseTooLarge(httpx.RequestError):
    """A response of more than 8 MiB, or in an encoding: its size is not known, and no request accepts any."""


class ResponseTooSlow(httpx.RequestError):
    """The exchange took longer than its total time."""


class ResponseBody:
    """Collects the body of a response. Raises ResponseTooLarge for an encoded one, and in `add` for one beyond the bound."""

    def __init__(self, response: httpx.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise ResponseTooLarge(f"the response has the encoding {encoding[:40]!r}, which no request accepts")
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Adds the next part."""
        if len(self._content) + len(chunk) > MAX_RESPONSE_BYTES:
            raise ResponseTooLarge(f"the response has more than {MAX_RESPONSE_BYTES} bytes")
        self._content += chunk

    def content(self) -> bytes:
        """All parts."""
        return bytes(self._content)


@contextmanager
def total_time(seconds: float) -> Iterator[None]:
    """Within the block, exchanges of this thread end after `seconds`."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def check_time() -> None:
    """Raises ResponseTooSlow after the total time."""
    if time.monotonic() >= _ends_at.get():
        raise ResponseTooSlow("the response took longer than its total time")


def bounded_transport(base_url: str) -> httpx.BaseTransport:
    """A transport that keeps to the total time, by the proxy that the environment names for this address, if any."""
    return _BoundedTransport(_proxy_of(httpx.URL(base_url)))


def _proxy_of(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, unless NO_PROXY has the host."""
    proxies = urllib.request.getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(url.host):
        return None
    return httpx.Proxy(address if "://" in address else f"http://{address}")


class _BoundedTransport(httpx.HTTPTransport):
    """The transport of httpx on connections that keep to the total time."""

    def __init__(self, proxy: httpx.Proxy | None) -> None:
        super().__init__(proxy=proxy)  # raises ImportError for a SOCKS proxy without the package `socksio`
        self._pool = _pool_kind(proxy)(
            ssl_context=httpx.create_ssl_context(),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_S,
            network_backend=_BoundedBackend(),
        )


def _pool_kind(proxy: httpx.Proxy | None) -> Callable[..., httpcore.ConnectionPool]:
    if proxy is None:
        return httpcore.ConnectionPool
    address = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    kind = httpcore.SOCKSProxy if proxy.url.scheme.startswith("socks") else httpcore.HTTPProxy
    return partial(kind, proxy_url=address, proxy_auth=proxy.raw_auth)


class _BoundedBackend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        limit = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(super().connect_tcp(host, port, limit, local_address, socket_options))


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):
            self._stream.write(buffer[start : start + _SLICE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    """The shorter of a time-out and the time that is left. Raises `error` if none is left."""
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise error("the exchange took longer than its total time")
    return timeout if left == float("inf") else min(left, left if timeout is None else timeout)
