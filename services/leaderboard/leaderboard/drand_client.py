"""Fetches published rounds of drand's quicknet, from public addresses only (`referral.outbound`)."""

import asyncio
import socket

import httpcore
import msgspec
from httpcore import AsyncNetworkBackend
from msgspec import Struct

from referral.outbound.guarded_backend import GuardedBackend, Resolve

TIMEOUT_S = 10.0
MAX_BODY = 4096
"""Bytes of a response that are read: a round has about 150."""


class RoundUnavailable(Exception):
    """The API does not have the round now, or answers with another content; the message states what."""


class _Round(Struct):
    round: int
    signature: str


async def resolve_host(host: str, port: int) -> list[str]:
    """Returns the addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(None, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(entry[4][0]) for entry in found]


class DrandClient:
    """A drand API at `url`. `resolve` and `connector` are the network; without them, the real one. Redirects are not followed."""

    def __init__(self, url: str, resolve: Resolve = resolve_host, connector: AsyncNetworkBackend | None = None) -> None:
        self._url = url.rstrip("/")
        self._backend = GuardedBackend(resolve, connector or httpcore.AnyIOBackend(), loopback=False)

    def signature(self, number: int) -> str:
        """Returns the signature of a round, hexadecimal and not verified. Raises RoundUnavailable within TIMEOUT_S."""
        try:
            return asyncio.run(self._fetch(number))
        except (
            OSError,
            TimeoutError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
        ) as error:
            raise RoundUnavailable(f"{self._url} did not respond ({type(error).__name__}: {error})") from error

    async def _fetch(self, number: int) -> str:
        url = f"{self._url}/v2/beacons/quicknet/rounds/{number}"
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpcore.AsyncConnectionPool(network_backend=self._backend, max_connections=1) as pool,
            pool.stream("GET", url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status != 200:
                raise RoundUnavailable(f"{url} answered {response.status}")
            return _signature_of(await _read(response), number)


async def _read(response: httpcore.Response) -> bytes:
    body = b""
    async for part in response.aiter_stream():
        body += part
        if len(body) > MAX_BODY:
            raise RoundUnavailable(f"the response is longer than {MAX_BODY} bytes, which no round is")
    return body


def _signature_of(body: bytes, number: int) -> str:
    try:
        found = msgspec.json.decode(body, type=_Round)
    except msgspec.MsgspecError as error:
        raise RoundUnavailable(f"the response is not a round: {error}") from error
    if found.round != number:
        raise RoundUnavailable(f"the response is round {found.round} instead of {number}")
    return found.signature
