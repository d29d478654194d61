"""What waits for an operator at the other services, read with the operator's own session; a part that fails is named."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import httpx
import msgspec

from referral.console.needs import Need, read_needs

Part = Literal["review", "rewards"]
PARTS: tuple[Part, ...] = ("review", "rewards")
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

    def needs(self, wanted: PartRequest) -> tuple[list[Need], list[Part]]:
        """What waits, and the parts that did not answer. Returns within two seconds."""
        with ThreadPoolExecutor(len(PARTS)) as pool:
            answers = list(pool.map(lambda part: self._read(part, wanted), PARTS))
        found = [need for needs in answers for need in needs or ()]
        return found, [part for part, needs in zip(PARTS, answers, strict=True) if needs is None]

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _read(self, part: Part, wanted: PartRequest) -> list[Need] | None:
        proto = ", ".join([wanted.scheme] * max(1, self._proxies))
        headers = {"Cookie": wanted.cookie, "X-Forwarded-Proto": proto, "Accept": "application/json"}
        address = f"{self._addresses[part].rstrip('/')}/console/{part}/needs"
        try:
            answer = self._client.get(address, params={"program": wanted.program}, headers=headers)
            return read_needs(answer.raise_for_status().content) if answer.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError):
            return None
