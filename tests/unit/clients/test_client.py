"""The Python client: what is tried again and what is not, and that a repeated request is the same request."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_client import (
    ApiProblem,
    AsyncReferralClient,
    Event,
    ReferralClient,
    RetryPolicy,
    ServiceUnavailable,
    order_paid,
    order_refunded,
    person_followed,
)

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
QUICK = RetryPolicy(attempts=4, base_s=0)
REDEEMED = {
    "id": "rdm_1",
    "reward_id": "rwd_1",
    "order_id": "o-1",
    "status": "redeemed",
    "redeemed_at": "2026-11-03T08:00:00Z",
    "amount": 3000,
    "unit": "CNY",
    "lots": [],
    "added_later": True,
}
PROBLEM = {"code": "already_redeemed", "detail": "It was used for o-0.", "errors": [], "request_id": "r1"}
Answer = httpx.Response | Exception


class Service:
    """A service that gives these answers, one after the other; `requests` are what it got."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _client(service: Service, retries: RetryPolicy = QUICK) -> ReferralClient:
    return ReferralClient("http://test", "rk_x", retries=retries, transport=httpx.MockTransport(service))


def _redeemed() -> httpx.Response:
    return httpx.Response(201, json=REDEEMED)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: httpx.Response(503, json={"detail": "later"}, headers={"Retry-After": "0"}),
        lambda: httpx.Response(429, headers={"Retry-After": "0"}),
        lambda: httpx.Response(409, json={"code": "in_progress"}, headers={"Retry-After": "0"}),
        lambda: httpx.ReadTimeout("no answer"),
        lambda: httpx.ConnectError("refused"),
    ],
)
def test_a_request_that_may_have_arrived_is_repeated_with_the_same_key(failure: Callable[[], Answer]) -> None:
    """So it is done once, also if its answer was lost."""
    service = Service(failure(), failure(), _redeemed())
    with _client(service) as client:
        redemption = client.redeem("o-1", code="7F3KQ2M4")
    assert (redemption.amount, redemption.redeemed_at) == (3000, AT)
    assert len({(one.headers["Idempotency-Key"], one.content) for one in service.requests}) == 1
    assert len(service.requests) == 3


def test_a_refusal_is_a_problem_with_its_code_and_is_not_repeated() -> None:
    """A conflict without Retry-After is an answer."""
    service = Service(httpx.Response(409, json=PROBLEM))
    with _client(service) as client, pytest.raises(ApiProblem) as caught:
        client.redeem("o-1", code="7F3KQ2M4", idempotency_key="redeem-o-1")
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (409, "already_redeemed", "r1")
    assert service.requests[0].headers["Idempotency-Key"] == "redeem-o-1"


def test_after_the_last_attempt_the_error_says_what_happened() -> None:
    """Also for a page of a proxy in place of JSON."""
    page = [httpx.Response(502, text="<html>") for _ in range(3)]
    with _client(Service(*page, httpx.ConnectError("refused"))) as client, pytest.raises(ServiceUnavailable) as caught:
        client.look_up_code("7F3KQ2M4")
    assert str(caught.value) == "GET /v1/codes/{code} failed 4 times; last: ConnectError: refused"
    with _client(Service(httpx.Response(200, text="<html>"))) as client, pytest.raises(ApiProblem) as refused:
        client.look_up_code("7F3KQ2M4")
    assert refused.value.code == "unexpected_response"


def test_the_asynchronous_client_does_the_same() -> None:
    """One attempt fails, the next one has the same key."""
    service = Service(httpx.ConnectError("refused"), _redeemed())

    async def redeem() -> str:
        transport = httpx.MockTransport(service)
        async with AsyncReferralClient("http://test", "rk_x", retries=QUICK, transport=transport) as client:
            return (await client.redeem("o-1", reward_id="rwd_1")).id

    assert asyncio.run(redeem()) == "rdm_1"
    assert len({one.headers["Idempotency-Key"] for one in service.requests}) == 1


def test_ids_of_any_form_are_one_part_of_the_path() -> None:
    """A person's id may be a URL, a code what a shopper typed."""
    service = Service(httpx.Response(404, json=PROBLEM), httpx.Response(404, json=PROBLEM))
    with _client(service) as client:
        for action in (lambda: client.person("prg_glow", "web:a/b?c"), lambda: client.look_up_code("../x y")):
            with pytest.raises(ApiProblem):
                action()
    assert [one.url.raw_path for one in service.requests] == [
        b"/v1/programs/prg_glow/people/web%3Aa%2Fb%3Fc",
        b"/v1/codes/..%2Fx%20y",
    ]


@given(st.integers(1, 40), st.floats(0, 100), st.none() | st.floats(0, 300))
def test_pauses_are_bounded(attempt: int, passed_s: float, retry_after_s: float | None) -> None:
    """No pause goes beyond the total, and none is shorter than the one that the service names."""
    policy = RetryPolicy()
    pause = policy.pause_s(attempt, passed_s, retry_after_s)
    if pause is None:
        longest = max(policy.longest_s, retry_after_s or 0)
        assert attempt >= policy.attempts or passed_s + longest > policy.total_s
    else:
        assert (retry_after_s or 0) <= pause <= max(policy.longest_s, retry_after_s or 0)
        assert passed_s + pause <= policy.total_s


def test_the_same_event_has_the_same_id() -> None:
    """Built twice, in another process; and amounts keep every digit."""
    first, second = (order_paid("prg_x", "u:1", "o-1", Decimal("19.90"), "CNY", occurred_at=AT) for _ in range(2))
    assert first.encode() == second.encode()
    assert json.loads(first.encode())["data"] == {"order": "o-1", "amount": "19.90", "currency": "CNY"}
    refunds = {order_refunded("prg_x", "u:1", "o-1", number, occurred_at=AT).id for number in ("r1", "r2")}
    assert len(refunds) == 2
    assert len(person_followed("prg_x", "u:" + "1" * 126).id) <= 64


def test_a_time_without_a_zone_is_refused_where_it_is_made() -> None:
    """It could mean any of 38 moments."""
    with pytest.raises(ValueError, match="time zone"):
        Event(id="1", type="person.followed", program="p", person="u", occurred_at=datetime(2026, 11, 3))  # noqa: DTZ001
