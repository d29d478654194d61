"""The public HTTP API as a platform's client uses it: persistent connections, retries of the same request when in doubt."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx
import msgspec

from referral.events.money import Value
from referral.events.program import Program

_PATIENCE_S = 30.0
_PAUSE_S = 0.1
_JSON = {"Content-Type": "application/json"}


DeskRow = dict[str, object]
"""A row of the desk's preview, sent back as it came or with a choice."""


class RequestRefused(Exception):
    """The API refused a request, or did not respond in time; names the request and the reason."""


class EnrolledParticipant(msgspec.Struct):
    """A participant as enrolment answers."""

    id: str
    external_id: str
    code: str
    link: str
    mention: str | None = None


class Rejection(msgspec.Struct):
    """An item of a batch that was not accepted: its place in the batch, and why."""

    index: int
    code: str
    detail: str = ""


class IngestResult(msgspec.Struct):
    """The answer to a batch of events."""

    accepted: int
    rejected: list[Rejection] = []


class Reward(msgspec.Struct):
    """A reward in a wallet; `value` and `left` are those of a credit and of a code of a fixed amount, in minor units."""

    id: str
    rule: str
    status: str
    code: str | None = None
    value: Value | None = None
    left: int | None = None
    revoked_for: str | None = None


class Balance(msgspec.Struct):
    """A person's credit in a unit, in minor units."""

    unit: str
    free: int
    held: int
    debt: int

    @property
    def net(self) -> int:
        """What they have, held credit included; negative if they owe."""
        return self.free + self.held - self.debt


class _Balances(msgspec.Struct):
    items: list[Balance]


class _Upload(msgspec.Struct):
    accepted: int


class _Lot(msgspec.Struct):
    amount: int


class CreditAnswer(msgspec.Struct):
    """The answer to a use or a hold of credit, with its id and what it took from each reward; a change of it has neither."""

    id: str = ""
    lots: list[_Lot] = []


class _Webhook(msgspec.Struct):
    id: str
    secret: str


class _Participants(msgspec.Struct):
    participants: list[EnrolledParticipant]


class _Wallet(msgspec.Struct):
    items: list[Reward]


class _Preview(msgspec.Struct):
    rows: list[DeskRow]


class _Added(msgspec.Struct):
    added: int


class _Link(msgspec.Struct):
    link: str


class _Version(msgspec.Struct):
    program: Program


@dataclass(frozen=True, slots=True)
class Batch:
    """A request body of events: how many, and in which form."""

    body: bytes
    content_type: str


class Client:
    """One client for any number of threads. `address` is the front door's."""

    def __init__(self, address: str, api_key: str, connections: int = 8) -> None:
        self._address = address
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._authorization = {"Authorization": f"Bearer {api_key}"}
        self._http = httpx.Client(limits=limits, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def apply(self, program: str, yaml: str) -> Program:
        """Applies a program file, and gives the rules as the system understood them."""
        url = self._url(f"/v1/programs/{program}")
        answer = self._request("PUT", url, yaml.encode(), {"Content-Type": "application/yaml"})
        return msgspec.json.decode(answer.content, type=_Version).program

    def enrol(self, program: str, people: Sequence[Mapping[str, object]]) -> list[EnrolledParticipant]:
        """Enrols people; returns participants in the order requested."""
        url = self._url(f"/v1/programs/{program}/participants")
        answer = self._request("POST", url, msgspec.json.encode({"participants": people}), _JSON)
        return msgspec.json.decode(answer.content, type=_Participants).participants

    def create_link(self, participant: str, content: Mapping[str, str]) -> str:
        """Creates a participant's link for a channel and content item, or finds it; returns its URL."""
        url = self._url(f"/v1/participants/{participant}/links")
        answer = self._request("POST", url, msgspec.json.encode(content), _JSON)
        return msgspec.json.decode(answer.content, type=_Link).link

    def visit(self, link: str) -> str:
        """Opens a referral link, and gives the click token that the redirect carries."""
        answer = self._request("GET", link, accepts=302)
        return str(httpx.URL(answer.headers["Location"]).params["rt"])

    def send(self, batch: Batch) -> IngestResult:
        """Posts events; which of them were not accepted."""
        url = self._url("/v1/events")
        answer = self._request("POST", url, batch.body, {"Content-Type": batch.content_type})
        return msgspec.json.decode(answer.content, type=IngestResult)

    def check_paste(self, program: str, text: str, content_type: str) -> list[DeskRow]:
        """What the desk makes of each line of comments on Xiaohongshu."""
        url = self._url(f"/v1/programs/{program}/desk/check?channel=xiaohongshu")
        answer = self._request("POST", url, text.encode(), {"Content-Type": f"{content_type}; charset=utf-8"})
        return msgspec.json.decode(answer.content, type=_Preview).rows

    def add_rows(self, program: str, rows: Sequence[DeskRow]) -> int:
        """Adds rows of a preview; how many events that made."""
        url = self._url(f"/v1/programs/{program}/desk/facts")
        answer = self._request("POST", url, msgspec.json.encode({"channel": "xiaohongshu", "rows": rows}), _JSON)
        return msgspec.json.decode(answer.content, type=_Added).added

    def wallet(self, program: str, person: str) -> list[Reward]:
        """A person's rewards, the newest 100 of them."""
        path = f"/v1/programs/{program}/people/{person}/rewards"
        return msgspec.convert(self.get(path, limit=100), _Wallet).items

    def redeem(self, reward: Reward, order: str, key: str, *, by_code: bool, hold: bool = False) -> bool:
        """Uses or holds a reward for an order, named by its code or by its id. False where it was not to be had."""
        wanted = {"code": reward.code} if by_code else {"reward_id": reward.id}
        url, body = (
            self._url(f"/v1/redemptions{'/holds' if hold else ''}"),
            msgspec.json.encode(wanted | {"order_id": order}),
        )
        answer = self._request("POST", url, body, _JSON | {"Idempotency-Key": key}, accepts=409)
        return answer.status_code != 409

    def apply_document(self, program: str, document: Mapping[str, object]) -> None:
        """Applies a program as JSON."""
        self._request("PUT", self._url(f"/v1/programs/{program}"), msgspec.json.encode(document), _JSON)

    def upload_codes(self, program: str, pool: str, codes: Sequence[str]) -> int:
        """Uploads codes to a pool; how many of them were accepted."""
        url = self._url(f"/v1/programs/{program}/pools/{pool}/codes")
        headers = {"Content-Type": "text/plain", "Idempotency-Key": f"{pool}-{codes[0]}"}
        answer = self._request("PUT", url, "\n".join(codes).encode(), headers)
        return msgspec.json.decode(answer.content, type=_Upload).accepted

    def balances(self, program: str, person: str) -> list[Balance]:
        """A person's credit, by unit."""
        return msgspec.convert(self.get(f"/v1/programs/{program}/people/{person}/balance"), _Balances).items

    def change_credit(self, path: str, body: Mapping[str, object]) -> CreditAnswer:
        """Sends a request about the use of credit. Raises RequestRefused."""
        headers = _JSON | {"Idempotency-Key": f"{path}-{body.get('order_id', '')}"}
        url = self._url(f"/v1/redemptions{path}")
        return msgspec.json.decode(
            self._request("POST", url, msgspec.json.encode(body), headers).content, type=CreditAnswer
        )

    def hold_draw(self, program: str, draw: str, period: str, secret: bytes) -> None:
        """Holds a draw with the secret that it has committed to."""
        body = msgspec.json.encode({"by": "demo", "secret": secret.hex()})
        url = self._url(f"/v1/programs/{program}/draws/{draw}/{period}/randomness")
        self._request("POST", url, body, _JSON)

    def register_webhook(self, program: str, address: str) -> tuple[str, str]:
        """Registers a receiver; returns the id of the webhook and its secret."""
        body = msgspec.json.encode({"program": program, "url": address})
        answer = self._request("POST", self._url("/v1/webhooks"), body, _JSON)
        webhook = msgspec.json.decode(answer.content, type=_Webhook)
        return webhook.id, webhook.secret

    def get(self, path: str, **query: str | int) -> object:
        """Returns the content of a resource."""
        url = httpx.URL(self._url(path), params=query)
        return msgspec.json.decode(self._request("GET", str(url)).content)

    def _url(self, path: str) -> str:
        return f"{self._address}{path}"

    def _request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, accepts: int = 200
    ) -> httpx.Response:
        """Returns a response that is a success or has the status `accepts`. Raises RequestRefused otherwise."""
        answer = self._checked_response(httpx.Request(method, url, content=body, headers=headers))
        if answer.is_success or answer.status_code == accepts:
            return answer
        raise RequestRefused(f"{method} {url} answered {answer.status_code}: {answer.text[:500]}")

    def _checked_response(self, request: httpx.Request) -> httpx.Response:
        """Sends the same request again while the system is temporarily unavailable. Raises RequestRefused after 30 s of that."""
        if request.url.path.startswith("/v1/"):  # a person who opens a link has no key
            request.headers.update(self._authorization)
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                answer = self._http.send(request)
                if answer.status_code not in (429, 503):
                    return answer
                why = answer.text[:200]
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            if time.monotonic() > deadline:
                raise RequestRefused(f"{request.method} {request.url} had no answer for {_PATIENCE_S:.0f} s: {why}")
            time.sleep(_PAUSE_S)
