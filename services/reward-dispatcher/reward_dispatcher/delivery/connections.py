"""Connections to webhook receivers: a pool for each, so that they do not share one. Addresses are checked at each connection.

A host is resolved once for a connection and its address checked, which prevents DNS rebinding. Receivers that fail are resolved by
threads of their own: a name server that does not answer delays only them.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpcore
from httpcore import AsyncNetworkBackend

from referral.outbound.guarded_backend import GuardedBackend

_MAX_BODY_READ = 4096  # bytes of a response that are read, so that its connection can be used again
_MAX_CONNECTIONS, _MAX_IDLE = 64, 8  # of one receiver
_IDLE_S = 30
_MAX_POOLS = 2000
_RESOLVER_THREADS = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, its header `Retry-After`, and the beginning of its body."""

    status: int
    retry_after: str | None = None
    beginning: bytes = b""


class Resolver:
    """Resolves hosts in threads: those of receivers that respond, and the others, apart from each other."""

    def __init__(self) -> None:
        self._threads = {proven: ThreadPoolExecutor(_RESOLVER_THREADS, f"dns-{proven}") for proven in (True, False)}

    async def resolve(self, host: str, port: int, *, proven: bool) -> list[str]:
        """Returns the addresses of a host. Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads[proven], lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(entry[4][0]) for entry in found]


@dataclass(slots=True)
class _Receiver:
    """The connections to one receiver; `proven` is whether it responded lately."""

    pool: httpcore.AsyncConnectionPool
    proven: bool
    in_use: int = field(default=0)


class ReceiverConnections:
    """The pools of all receivers, at most 2,000 that are not in use; belongs to one event loop."""

    def __init__(self, resolver: Resolver, connector: AsyncNetworkBackend, *, loopback: bool) -> None:
        self._resolver = resolver
        self._connector = connector
        self._loopback = loopback
        self._tls: ssl.SSLContext = httpcore.default_ssl_context()  # reading the certificates takes long
        self._receivers: OrderedDict[str, _Receiver] = OrderedDict()

    async def post(
        self, receiver: str, url: str, headers: dict[str, str], body: bytes, timeout_s: float, *, proven: bool
    ) -> Answer:
        """Returns the response to a POST; a redirect is not followed, since it could lead to any address.

        Raises TimeoutError after `timeout_s` in all, OSError or httpcore's errors.
        """
        one = await self._receiver(receiver, proven=proven)
        one.in_use += 1
        try:
            async with (
                asyncio.timeout(timeout_s),
                one.pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
            ):
                return await _read(response)
        finally:
            one.in_use -= 1

    async def close(self) -> None:
        """Closes all pools; for those who post once."""
        while self._receivers:
            await self._receivers.popitem()[1].pool.aclose()

    async def _receiver(self, name: str, *, proven: bool) -> _Receiver:
        one = self._receivers.get(name)
        if one is None:
            one = self._receivers[name] = self._new_receiver(proven=proven)
            await self._close_unused()
        self._receivers.move_to_end(name)
        one.proven = proven
        return one

    def _new_receiver(self, *, proven: bool) -> _Receiver:
        async def resolve(host: str, port: int) -> list[str]:
            return await self._resolver.resolve(host, port, proven=one.proven)

        backend = GuardedBackend(resolve, self._connector, loopback=self._loopback)
        one = _Receiver(
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=_MAX_CONNECTIONS,
                max_keepalive_connections=_MAX_IDLE,
                keepalive_expiry=_IDLE_S,
                network_backend=backend,
            ),
            proven,
        )
        return one

    async def _close_unused(self) -> None:
        """Closes the pool that was not used for the longest time, if there are too many."""
        if len(self._receivers) <= _MAX_POOLS:
            return
        unused = next((name for name, one in self._receivers.items() if not one.in_use), None)
        if unused is not None:
            await self._receivers.pop(unused).pool.aclose()


def receiver_connections(*, loopback: bool) -> ReceiverConnections:
    """Returns connections to the real network."""
    return ReceiverConnections(Resolver(), httpcore.AnyIOBackend(), loopback=loopback)


async def _read(response: httpcore.Response) -> Answer:
    """The answer, with at most 4 KiB of its body."""
    parts, read = list[bytes](), 0
    async for part in response.aiter_stream():
        parts.append(part)
        read += len(part)
        if read >= _MAX_BODY_READ:
            break
    header = next((value for name, value in response.headers if name.lower() == b"retry-after"), None)
    retry_after = header.decode("ascii", "replace") if header is not None else None
    return Answer(response.status, retry_after, b"".join(parts)[:_MAX_BODY_READ])
