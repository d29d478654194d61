"""What other services compute for the studio with the operator's session: replays and previews of wallets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import httpx
import msgspec
from msgspec import Struct

from link_issuer.console_parts import PartRequest

_REPLAYS, _WALLET = "/console/review/replays", "/console/rewards/wallet-preview"
_TIMEOUT_S = 5.0
_MAX_BYTES = 4 * 1024 * 1024
ReplayStatus = Literal["running", "done", "failed", "cancelled", "lost"]


class Change(Struct, frozen=True):
    """A number under the rules of the past, and under those of the draft."""

    before: int
    after: int


class AmountChange(Struct, frozen=True):
    """An amount in minor units of a currency, or in points, before and after."""

    unit: str
    before: int
    after: int


class Totals(Struct, frozen=True):
    """The whole program."""

    referrals: Change
    held: Change
    referrer_rewards: Change
    friend_rewards: Change
    capped: Change
    values: tuple[AmountChange, ...]
    costs: tuple[AmountChange, ...]


class Referrer(Struct, frozen=True):
    """A referrer: their person id, and what they are called; None once they were erased."""

    id: str
    external_id: str | None = None
    display_name: str | None = None


class ReferrerChange(Struct, frozen=True):
    """What changes for a referrer."""

    participant: Referrer
    referrals: Change
    rewards: Change


class ReferrerChanges(Struct, frozen=True):
    """How many referrers gain and lose, and those with the largest change."""

    gaining: int
    losing: int
    items: tuple[ReferrerChange, ...]


class PeopleChanges(Struct, frozen=True):
    """How many followers have another referrer."""

    changed: int


class AsRecorded(Struct, frozen=True):
    """Whether the replay under the recorded rules equals the record; if not, the result cannot be trusted."""

    equal: bool


class ReplayResult(Struct, frozen=True):
    """The result of a replay."""

    totals: Totals
    referrers: ReferrerChanges
    people: PeopleChanges
    as_recorded: AsRecorded


class ReplayProgress(Struct, frozen=True):
    """How far a replay is, in records of the log."""

    phase: str
    records_read: int
    records_total: int
    seconds: float


class Replay(Struct, frozen=True):
    """A replay of a program under the rules of a draft, of what happened from `since` on; None: of everything."""

    id: str
    status: ReplayStatus
    asked_at: datetime
    progress: ReplayProgress
    since: datetime | None = None
    detail: str | None = None
    result: ReplayResult | None = None


@dataclass(frozen=True, slots=True)
class PartUnavailable(Exception):
    """The service did not answer, or refused: `status` is its response's, None without one; `detail` its reason."""

    status: int | None
    detail: str = ""


class StudioParts:
    """Client of both services. Thread-safe. Its methods raise PartUnavailable."""

    def __init__(self, conversion_tracker: str, reward_dispatcher: str, proxies: int) -> None:
        """`proxies` is how many entries of X-Forwarded-Proto the services trust."""
        self._replays = f"{conversion_tracker.rstrip('/')}{_REPLAYS}"
        self._wallet = f"{reward_dispatcher.rstrip('/')}{_WALLET}"
        self._proxies = proxies
        self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)

    def start_replay(self, visit: PartRequest, csrf: str, rules: object, days: int | None) -> Replay:
        """A replay that has started under `rules`, the content of a program file: of the last `days`, or of everything."""
        period = {"days": str(days)} if days is not None else {}
        return _replay(self._send("POST", self._replays, visit, csrf, msgspec.json.encode(rules), period))

    def replay(self, visit: PartRequest, id: str) -> Replay:
        """A replay of the program."""
        return _replay(self._send("GET", f"{self._replays}/{id}", visit))

    def cancel_replay(self, visit: PartRequest, csrf: str, id: str) -> Replay:
        """A replay that was cancelled, or had ended."""
        return _replay(self._send("POST", f"{self._replays}/{id}/cancel", visit, csrf))

    def wallet(self, visit: PartRequest, csrf: str, rules: object, lang: str) -> str:
        """The wallet of an example person under `rules`, as HTML in a language."""
        body = msgspec.json.encode(rules)
        return self._send("POST", self._wallet, visit, csrf, body, {"lang": lang}).decode("utf-8", "replace")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _send(
        self,
        method: str,
        url: str,
        visit: PartRequest,
        csrf: str = "",
        body: bytes = b"",
        query: dict[str, str] | None = None,
    ) -> bytes:
        headers = {
            "Cookie": visit.cookie,
            "X-Forwarded-Proto": ", ".join([visit.scheme] * max(1, self._proxies)),
            "Accept": "application/json, text/html",
            "Content-Type": "application/json",
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF-Token": csrf,
            "X-Background": "1",
        }
        params = {"program": visit.program, **(query or {})}
        try:
            with self._client.stream(method, url, params=params, headers=headers, content=body) as answer:
                content = _bounded_content(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PartUnavailable(None) from error
        if answer.is_success:
            return content
        raise PartUnavailable(answer.status_code, _detail(content))


def _bounded_content(answer: httpx.Response) -> bytes:
    """The body. Raises httpx.DecodingError for one that is too large."""
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > _MAX_BYTES:
            raise httpx.DecodingError(f"a part has more than {_MAX_BYTES} bytes", request=answer.request)
    return content


class _Refusal(Struct):
    detail: str = ""


def _detail(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Refusal).detail[:500]
    except msgspec.MsgspecError:
        return ""


def _replay(content: bytes) -> Replay:
    try:
        return msgspec.json.decode(content, type=Replay)
    except msgspec.MsgspecError as error:
        raise PartUnavailable(None) from error
