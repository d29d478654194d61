"""Error responses: problem details with the mistake, its location and the remedy."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.tiny_service import headers, tiny_service

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of the tiny service, without Kafka and Redis."""
    return tiny_service().test_client()


def problem(response: TestResponse) -> dict[str, Any]:
    """Returns the problem of a response, after checking what applies to every problem."""
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/v1/things", 405, "method_not_allowed"),
        ("GET", "/v1/broken/teapot", 418, "teapot"),
        ("GET", "/v1/broken/bug", 500, "internal_error"),
        ("GET", "/v1/broken/log", 503, "unavailable"),
        ("GET", "/v1/broken/busy", 503, "unavailable"),
        ("GET", "/v1/broken/full", 503, "unavailable"),
        ("GET", "/v1/broken/failover", 503, "unavailable"),
        ("GET", "/v1/broken/moved", 503, "unavailable"),
        ("GET", "/v1/broken/moving", 503, "unavailable"),
        ("GET", "/v1/broken/redis", 500, "internal_error"),
    ],
)
def test_every_error_is_a_problem(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    """Raised by a view, by Flask or by a bug: one format with a stable code."""
    found = problem(client.open(path, method=method))
    assert (found["status"], found["code"]) == (status, code)


def test_an_internal_error_does_not_expose_details(client: FlaskClient) -> None:
    """The exception is logged, not sent to the client."""
    assert "secret inside" not in client.get("/v1/broken/bug").text


def test_an_unavailable_dependency_is_a_503_with_retry_after(client: FlaskClient) -> None:
    """A client library can wait without further configuration."""
    assert client.get("/v1/broken/log").headers["Retry-After"] == "1"


def test_an_unsupported_method_is_a_405_with_the_supported_ones(client: FlaskClient) -> None:
    """RFC 9110 requires Allow."""
    assert "GET" in client.delete("/v1/things").headers["Allow"]


def test_an_invalid_body_gets_every_mistake_with_its_location(client: FlaskClient) -> None:
    """All mistakes in one response, each with a JSON pointer and what to write instead."""
    body = {"number": "many", "inner": [{"text": "a"}, {"txet": "b"}], "colour/tint": 1}
    found = problem(client.post(THINGS, json=body, headers=headers("writer")))
    assert (found["status"], found["code"]) == (422, "invalid")
    assert {(one["pointer"], one["detail"]) for one in found["errors"]} == {
        ("/number", "Must be an integer."),
        ("/inner/1/text", "Required: add this field."),
        ("/inner/1/txet", "Unknown field: remove it, or check its spelling."),
        ("/colour~1tint", "Unknown field: remove it, or check its spelling."),
    }


def test_an_invalid_query_parameter_is_named(client: FlaskClient) -> None:
    """Outside the body the location is the source and the name of the parameter."""
    found = problem(client.get("/v1/things?limit=all", headers=headers("reader")))
    assert found["errors"] == [{"pointer": "query:limit", "detail": "Must be an integer."}]


@pytest.mark.parametrize("body", ["{", "[1,", "\xff", ""])
def test_a_body_that_is_not_json_is_rejected(client: FlaskClient, body: str) -> None:
    """Truncated, not UTF-8 or empty: an error with a remedy, never a 500."""
    response = client.post(THINGS, data=body, content_type="application/json", headers=headers("writer"))
    assert problem(response)["status"] in (400, 422)


def test_a_body_above_the_size_limit_is_rejected(client: FlaskClient) -> None:
    """A large body must not cost memory."""
    response = client.post(THINGS, data=b"x" * 4096, content_type="application/json", headers=headers("writer"))
    found = problem(response)
    assert (found["code"], found["detail"]) == (
        "too_large",
        "The request body is larger than 2048 bytes. Send a smaller body, e.g. fewer events at once.",
    )


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 401, "missing_key"),
        ({"Authorization": "Basic d29yZDp3b3Jk"}, 401, "missing_key"),
        ({"Authorization": "Bearer"}, 401, "missing_key"),
        (headers("unknown"), 401, "unknown_key"),
        (headers("revoked"), 401, "unknown_key"),
        (headers("expired"), 401, "expired_key"),
        (headers("reader"), 403, "missing_scope"),
    ],
)
def test_an_insufficient_key_is_rejected(client: FlaskClient, sent: dict[str, str], status: int, code: str) -> None:
    """Without a valid key 401 with `WWW-Authenticate`; with a key that lacks the scope 403."""
    response = client.post(THINGS, json={"number": 1}, headers=sent)
    found = problem(response)
    assert (found["status"], found["code"]) == (status, code)
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize("secret", ["writer", "admin", "bound", "expiring"])
def test_a_key_with_the_scope_or_admin_has_access(client: FlaskClient, secret: str) -> None:
    """`admin` includes every scope; a key restricted to a program may access that program."""
    assert client.post(THINGS, json={"number": 1}, headers=headers(secret)).status_code == 201


def test_an_expired_key_learns_when_it_expired_and_how_to_go_on(client: FlaskClient) -> None:
    """The message names the key, the moment and the command; the secret is not repeated."""
    detail = problem(client.get("/v1/things", headers=headers("expired")))["detail"]
    assert "key_expired expired at 2026-11-02 00:00 UTC" in detail
    assert "`referral keys rotate key_expired`" in detail


def test_a_key_restricted_to_other_programs_is_rejected(client: FlaskClient) -> None:
    """The key of one brand must not access the program of another."""
    response = client.post("/v1/programs/prg_other/things", json={"number": 1}, headers=headers("bound"))
    assert problem(response)["code"] == "other_program"


def test_the_key_is_checked_before_the_body(client: FlaskClient) -> None:
    """A client without a key gets no information about the body."""
    assert client.post(THINGS, data=b"{", content_type="application/json").status_code == 401


def test_only_requests_that_need_redis_fail_without_it(client: FlaskClient) -> None:
    """A request with an idempotency key is a 503; the rate limit works without Redis."""
    assert client.post(THINGS, json={"number": 1}, headers=headers("writer")).status_code == 201
    response = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="once"))
    assert problem(response)["code"] == "unavailable"
