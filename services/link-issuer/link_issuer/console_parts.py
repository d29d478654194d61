"""The parts of the other services of the home view, read with the operator's own session; a part that fails is named."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import httpx
import msgspec

from referral.console.home_part import HomePart, read_part

Part = Literal["review", "rewards", "boards"]
PARTS: tuple[Part, ...] = ("review", "rewards", "boards")
_TIMEOUT_S = 1.5


@dataclass(frozen=True, slots=True)
class PartRequest:
    """The session cookie of the operator, the scheme by which they reach the console, and their program."""

    cookie: str
    scheme: str
    program: str


class ConsoleParts:
    """Client of the services that have the parts. Thread-safe."""

    def __init__(self, addresses: dict[Part, str], proxies: int) -> None:
        """`proxies` is how many entries of X-Forwarded-Proto the services trust."""
        self._addresses, self._proxies = addresses, proxies
        self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)

    def read(self, wanted: PartRequest) -> dict[Part, HomePart | None]:
        """The parts; None for one that did not answer. Returns within two seconds."""
        with ThreadPoolExecutor(len(PARTS)) as pool:
            return dict(zip(PARTS, pool.map(lambda part: self._read(part, wanted), PARTS), strict=True))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _read(self, part: Part, wanted: PartRequest) -> HomePart | None:
        proto = ", ".join([wanted.scheme] * max(1, self._proxies))
        headers = {"Cookie": wanted.cookie, "X-Forwarded-Proto": proto, "Accept": "application/json"}
        address = f"{self._addresses[part].rstrip('/')}/console/{part}/home"
        try:
            answer = self._client.get(address, params={"program": wanted.program}, headers=headers)
            return read_part(answer.raise_for_status().content) if answer.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError):
            return None
