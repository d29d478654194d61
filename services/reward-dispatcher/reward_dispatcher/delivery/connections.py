"""Connections to webhook receivers. A host is resolved once and its address checked, which prevents DNS rebinding."""

import asyncio
import socket
from collections.abc import Iterable

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from reward_dispatcher.domain.webhook_addresses import ForbiddenAddress, check_addresses

_MAX_BODY_READ = 4096  # bytes of a response that are read, so that its connection can be used again
_MAX_CONNECTIONS = 256


class GuardedBackend(AsyncNetworkBackend):
    """Connects to permitted addresses only. TLS still checks the certificate against the name of the host."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Raises ConnectError if the host is unknown, not permitted, or does not respond."""
        address = await self._resolve(host, port)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return check_addresses(host, [str(entry[4][0]) for entry in found], loopback=self._loopback)[0]
        except (OSError, ForbiddenAddress) as error:
            raise httpcore.ConnectError(str(error)) from error


def connections(*, loopback: bool) -> httpcore.AsyncConnectionPool:
    """Returns the connection pool for all receivers. It follows no redirect: one could lead to any address."""
    return httpcore.AsyncConnectionPool(
        max_connections=_MAX_CONNECTIONS,
        max_keepalive_connections=64,
        keepalive_expiry=30,
        network_backend=GuardedBackend(loopback=loopback),
    )


async def post(
    pool: httpcore.AsyncConnectionPool, url: str, headers: dict[str, str], body: bytes, timeout_s: float
) -> int:
    """Returns the status of a POST. Raises TimeoutError after `timeout_s` in all, OSError or httpcore's errors."""
    async with (
        asyncio.timeout(timeout_s),
        pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
    ):
        read = 0
        async for part in response.aiter_stream():
            read += len(part)
            if read >= _MAX_BODY_READ:
                break
        return response.status
