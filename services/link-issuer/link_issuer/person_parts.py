"""What the other services have about a person, read with the operator's own session: parts of the story, and search results."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import httpx
import msgspec

from link_issuer.console_parts import PartRequest
from referral.console.found_people import FoundPerson, read_found

StoryPart = Literal["referrals", "rewards"]
STORY_PARTS: tuple[StoryPart, ...] = ("referrals", "rewards")
_PATHS: Mapping[StoryPart, str] = {"referrals": "/console/review/people", "rewards": "/console/rewards/people"}
_FIND = "/console/rewards/find"
_TIMEOUT_S = 3.0
_MAX_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoryRequest:
    """A request for the parts of a story: the operator's, the languages of their browser, and the query that each part gets."""

    visit: PartRequest
    accept_language: str
    queries: Mapping[StoryPart, Mapping[str, str]]


class PersonParts:
    """Client of the services that have the parts. Thread-safe."""

    def __init__(self, addresses: Mapping[StoryPart, str], proxies: int) -> None:
        """`proxies` is how many entries of X-Forwarded-Proto the services trust."""
        self._addresses, self._proxies = addresses, proxies
        self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)

    def story(self, wanted: StoryRequest, person: str) -> dict[StoryPart, str | None]:
        """The parts of a person's story; None for one that did not answer. Returns within some seconds."""
        with ThreadPoolExecutor(len(STORY_PARTS)) as pool:
            found = list(pool.map(lambda part: self._read(part, wanted, person), STORY_PARTS))
        return dict(zip(STORY_PARTS, found, strict=True))

    def find(self, visit: PartRequest, csrf: str, text: str) -> list[FoundPerson] | None:
        """The people to whom a reward code or an order leads; None if reward-dispatcher did not answer.

        The text is in the body: addresses are logged.
        """
        headers = self._headers(visit) | {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
        try:
            answer = self._client.post(
                self._url("rewards", _FIND),
                params={"program": visit.program},
                data={"csrf": csrf, "q": text},
                headers=headers,
            )
            return read_found(answer.content) if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError):
            return None

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _read(self, part: StoryPart, wanted: StoryRequest, person: str) -> str | None:
        headers = self._headers(wanted.visit) | {"Accept": "text/html", "Accept-Language": wanted.accept_language}
        query = {"program": wanted.visit.program, **wanted.queries.get(part, {})}
        try:
            url = self._url(part, f"{_PATHS[part]}/{person}")
            with self._client.stream("GET", url, params=query, headers=headers) as answer:
                return b"".join(_bounded(answer)).decode() if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeDecodeError):
            return None

    def _url(self, part: StoryPart, path: str) -> str:
        return f"{self._addresses[part].rstrip('/')}{path}"

    def _headers(self, visit: PartRequest) -> dict[str, str]:
        return {"Cookie": visit.cookie, "X-Forwarded-Proto": ", ".join([visit.scheme] * max(1, self._proxies))}


def _bounded(answer: httpx.Response) -> Iterator[bytes]:
    """The body. Raises httpx.DecodingError for one that is too large."""
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise httpx.DecodingError(f"a part of a story has more than {_MAX_BYTES} bytes", request=answer.request)
        yield chunk
