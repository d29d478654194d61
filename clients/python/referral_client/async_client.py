"""The asynchronous client."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TypeVar

import httpx

from referral_client import operations
from referral_client.events import Event
from referral_client.http_exchange import USER_AGENT, Failure, give_up, read_response
from referral_client.models import (
    Balances,
    Code,
    EmbedAddress,
    EventsResult,
    Hold,
    Participant,
    Person,
    Redemption,
    RedemptionChange,
    ReferralLink,
    Rewards,
    WalletLink,
)
from referral_client.operations import Call, call
from referral_client.response_limits import ResponseBody
from referral_client.retry_policy import RetryPolicy

Result = TypeVar("Result")


class AsyncReferralClient:
    """A client with a pool of connections, for any number of tasks of one event loop. Use it as a context manager, or close it.

    `base_url` is the front door, such as https://go.example.com. Each method raises ApiProblem for a refused request, and
    ServiceUnavailable after the last attempt of `retries`. `timeout_s` limits the wait for the next part of a response,
    `total_s` an attempt as a whole; a response may have 8 MiB. Amounts are whole numbers of minor units (3000 is ¥30).
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 10.0,
        total_s: float = 30.0,
        retries: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {
            "Authorization": f"Bearer {api_key}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout_s, transport=transport)
        self._retries, self._total_s = retries or RetryPolicy(), total_s

    async def __aenter__(self) -> "AsyncReferralClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def send_events(self, events: Sequence[Event]) -> EventsResult:
        """Reports 1 to 1,000 events. Those that are accepted are durable; an event that is sent again counts once.

        Raises ApiProblem 422 `events_refused` if all are invalid; its `errors` have the same form as `rejected`.
        """
        return await self.send_encoded([event.encode() for event in events])

    async def send_encoded(self, events: Sequence[bytes]) -> EventsResult:
        """`send_events` for events that are JSON already, such as those of a queue."""
        content = b"[" + b",".join(events) + b"]"
        return await self._send(
            Call(operations.SEND_EVENTS, operations.SEND_EVENTS.path, content, headers=operations.JSON)
        )

    async def enrol(
        self,
        program: str,
        external_id: str,
        *,
        display_name: str | None = None,
        mention: str | None = None,
        public: bool | None = None,
        language: str | None = None,
        idempotency_key: str | None = None,
    ) -> Participant:
        """Enrols a person; the same `external_id` is always the same participant with the same code."""
        given = {
            "external_id": external_id,
            "display_name": display_name,
            "mention": mention,
            "public": public,
            "language": language,
        }
        return await self._send(call(operations.ENROL, {"program": program}, given, idempotency_key))

    async def create_link(
        self,
        participant: str,
        *,
        channel: str | None = None,
        content: str | None = None,
        cta: str | None = None,
        campaign: str | None = None,
        max_uses: int | None = None,
        idempotency_key: str | None = None,
    ) -> ReferralLink:
        """A further code of a participant (by their id `psn_…`), for one channel, content item and call to action."""
        given = {"channel": channel, "content": content, "cta": cta, "campaign": campaign, "max_uses": max_uses}
        return await self._send(call(operations.CREATE_LINK, {"participant": participant}, given, idempotency_key))

    async def person(self, program: str, external_id: str) -> Person:
        """A person and who referred them. Raises ApiProblem 404 for a person of whom no event was recorded yet."""
        return await self._send(call(operations.GET_PERSON, {"program": program, "external_id": external_id}))

    async def rewards(
        self, program: str, external_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Rewards:
        """A page of a person's rewards, the newest first."""
        place, given = {"program": program, "external_id": external_id}, {"limit": limit, "cursor": cursor}
        return await self._send(call(operations.GET_REWARDS, place, given))

    async def balances(self, program: str, external_id: str) -> Balances:
        """What a person can spend, by currency and in points."""
        return await self._send(call(operations.GET_BALANCES, {"program": program, "external_id": external_id}))

    async def wallet_link(
        self, program: str, external_id: str, *, days: int | None = None, idempotency_key: str | None = None
    ) -> WalletLink:
        """A link to a person's wallet, valid for `days` (30). Send it to this person alone."""
        place = {"program": program, "external_id": external_id}
        return await self._send(call(operations.CREATE_WALLET_LINK, place, {"days": days}, idempotency_key))

    async def embed_address(self, program: str, scope: str, person: str | None = None) -> EmbedAddress:
        """The address of a frame with a `wallet`, `board` or `share` sheet, for an hour: request one for each page view."""
        given = {"scope": scope, "person": person}
        return await self._send(call(operations.CREATE_EMBED_TOKEN, {"program": program}, given))

    async def look_up_code(self, code: str, *, program: str | None = None, client: str | None = None) -> Code:
        """Whether a reward's code can be used now. `client` names the shopper, so that wrong guesses are limited for each."""
        given = {"program": program, "client": client}
        return await self._send(call(operations.LOOK_UP_CODE, {"code": code}, given))

    async def redeem(
        self,
        order_id: str,
        *,
        code: str | None = None,
        reward_id: str | None = None,
        amount: int | None = None,
        program: str | None = None,
        idempotency_key: str | None = None,
    ) -> Redemption:
        """Uses a reward for an order, by its code or id. Without `amount`, all that is left of it.

        With an `idempotency_key` of the order's, such as `"redeem-" + order_id`, a process that was started again repeats the same
        request. Raises ApiProblem 409 if the reward cannot be used; `code` is the reason.
        """
        given = {"order_id": order_id, "code": code, "reward_id": reward_id, "amount": amount, "program": program}
        return await self._send(call(operations.REDEEM, None, given, idempotency_key))

    async def hold(
        self,
        order_id: str,
        *,
        code: str | None = None,
        reward_id: str | None = None,
        amount: int | None = None,
        seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> Hold:
        """Reserves a reward for an order, for `seconds` (15 minutes); then `capture` or `release` it."""
        given = {"order_id": order_id, "code": code, "reward_id": reward_id, "amount": amount, "seconds": seconds}
        return await self._send(call(operations.HOLD, None, given, idempotency_key))

    async def capture(
        self, hold_id: str, *, amount: int | None = None, idempotency_key: str | None = None
    ) -> RedemptionChange:
        """Uses what was held, or `amount` of it; the rest is free again."""
        return await self._send(call(operations.CAPTURE, {"hold_id": hold_id}, {"amount": amount}, idempotency_key))

    async def release(self, hold_id: str, *, idempotency_key: str | None = None) -> RedemptionChange:
        """Ends a hold without a use."""
        return await self._send(call(operations.RELEASE, {"hold_id": hold_id}, None, idempotency_key))

    async def reverse(self, redemption_id: str, *, idempotency_key: str | None = None) -> RedemptionChange:
        """Gives back a use, as if the order had not been placed."""
        return await self._send(call(operations.REVERSE, {"redemption_id": redemption_id}, None, idempotency_key))

    async def refund(
        self, redemption_id: str, refund_id: str, *, amount: int, order_amount: int, idempotency_key: str | None = None
    ) -> RedemptionChange:
        """Gives back a part of a use: `amount` of the order's `order_amount` was refunded. Once for each `refund_id`."""
        given = {"refund_id": refund_id, "amount": amount, "order_amount": order_amount}
        return await self._send(call(operations.REFUND, {"redemption_id": redemption_id}, given, idempotency_key))

    async def _send(self, request: Call[Result]) -> Result:
        started, attempt = time.monotonic(), 1
        while True:
            result = await self._attempt(request)
            if not isinstance(result, Failure):
                return result
            pause_s = self._retries.pause_s(attempt, time.monotonic() - started, result.retry_after_s)
            if pause_s is None:
                raise give_up(request, result, attempt)
            await asyncio.sleep(pause_s)
            attempt += 1

    async def _attempt(self, request: Call[Result]) -> Result | Failure:
        """One attempt; a connection that fails may have delivered the request, which has the same id in the next one."""
        try:
            async with asyncio.timeout(self._total_s):
                return await self._exchange(request)
        except TimeoutError:
            return Failure(f"no complete response within {self._total_s:g} s")
        except httpx.RequestError as error:
            return Failure(f"{type(error).__name__}: {error}")

    async def _exchange(self, request: Call[Result]) -> Result | Failure:
        """Raises httpx.RequestError, also for a response that is too large or encoded."""
        operation, path, headers = request.operation, request.path, dict(request.headers)
        async with self._http.stream(
            operation.method, path, content=request.content, params=dict(request.query), headers=headers
        ) as answer:
            body = ResponseBody(answer)
            async for chunk in answer.aiter_bytes():
                body.add(chunk)
        return read_response(request, answer.status_code, answer.headers, body.content())
