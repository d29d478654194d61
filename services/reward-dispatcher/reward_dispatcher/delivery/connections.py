"""Connections to webhook receivers: an address is looked up, checked and called; no second look-up can cheat."""

import asyncio
import socket
from collections.abc import Iterable

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from reward_dispatcher.domain.webhook_addresses import ForbiddenAddress, check_addresses

_ENOUGH = 4096  # bytes of an answer that are read so that its connection can be used again
_CONNECTIONS = 256


class GuardedBackend(AsyncNetworkBackend):
    """Connects to permitted addresses only. TLS still checks the certificate against the host's name."""

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
        """Raises ConnectError when the host is unknown, not permitted, or does not answer."""
        address = await self._permitted(host, port)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def _permitted(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return check_addresses(host, [str(entry[4][0]) for entry in found], loopback=self._loopback)[0]
        except (OSError, ForbiddenAddress) as error:
            raise httpcore.ConnectError(str(error)) from error


def connections(*, loopback: bool) -> httpcore.AsyncConnectionPool:
    """A pool for all receivers. It follows no redirect: one could lead anywhere."""
    return httpcore.AsyncConnectionPool(
        max_connections=_CONNECTIONS,
        max_keepalive_connections=64,
        keepalive_expiry=30,
        network_backend=GuardedBackend(loopback=loopback),
    )


async def post(
    pool: httpcore.AsyncConnectionPool, url: str, headers: dict[str, str], body: bytes, within: float
) -> int:
    """Posts and gives the status. Raises TimeoutError after `within` seconds in all, OSError or httpcore's errors."""
    async with (
        asyncio.timeout(within),
        pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
    ):
        read = 0
        async for part in response.aiter_stream():
            read += len(part)
            if read >= _ENOUGH:
                break
        return response.status
