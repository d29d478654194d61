"""The network backend of outbound requests: it connects to addresses that were checked, which prevents DNS rebinding.

A host is resolved once for a connection, and its addresses are checked; TLS still checks the certificate against its name.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from referral.outbound.public_addresses import ForbiddenAddress, check_addresses

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to addresses; raises OSError."""


class AddressRefused(httpcore.ConnectError):
    """The host does not resolve to permitted addresses."""


class GuardedBackend(AsyncNetworkBackend):
    """Connects to permitted addresses only. TLS still checks the certificate against the name of the host."""

    def __init__(self, resolve: Resolve, connector: AsyncNetworkBackend, *, loopback: bool) -> None:
        self._resolve = resolve
        self._connector = connector
        self._loopback = loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Raises AddressRefused if the host is not permitted, ConnectError if it is unknown or does not respond."""
        address = await self._permitted_address(host, port)
        return await self._connector.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def _permitted_address(self, host: str, port: int) -> str:
        try:
            return check_addresses(host, await self._resolve(host, port), loopback=self._loopback)[0]
        except ForbiddenAddress as error:
            raise AddressRefused(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
