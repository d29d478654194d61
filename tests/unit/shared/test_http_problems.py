"""What a caller gets when something is wrong: always a problem that says what, where, and what to do."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.tiny_service import headers, tiny_service

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of the tiny service; neither broker nor Redis answers it."""
    return tiny_service().test_client()


def problem(answer: TestResponse) -> dict[str, Any]:
    """The problem in an answer, after what holds for every one."""
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-Id"]
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
        ("GET", "/v1/broken/redis", 500, "internal_error"),
    ],
)
def test_every_error_is_a_problem(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    """Whether raised by us, by Flask or by a bug: one shape, and a code that stays."""
    found = problem(client.open(path, method=method))
    assert (found["status"], found["code"]) == (status, code)


def test_a_bug_tells_nothing_of_itself(client: FlaskClient) -> None:
    """What went wrong inside is for the log, not for the caller."""
    assert "secret inside" not in client.get("/v1/broken/bug").text


def test_what_is_away_is_answered_503_with_when_to_come_back(client: FlaskClient) -> None:
    """A client library can wait by itself."""
    assert client.get("/v1/broken/log").headers["Retry-After"] == "1"


def test_a_method_that_is_not_taken_is_answered_with_those_that_are(client: FlaskClient) -> None:
    """RFC 9110 asks for Allow."""
    assert "GET" in client.delete("/v1/things").headers["Allow"]


def test_a_body_that_breaks_rules_is_told_every_place(client: FlaskClient) -> None:
    """All mistakes at once, each with a JSON pointer and what to write."""
    body = {"number": "many", "inner": [{"text": "a"}, {"txet": "b"}], "colour/tint": 1}
    found = problem(client.post(THINGS, json=body, headers=headers("writer")))
    assert (found["status"], found["code"]) == (422, "invalid")
    assert {(one["pointer"], one["detail"]) for one in found["errors"]} == {
        ("/number", "A whole number belongs here."),
        ("/inner/1/text", "This is required: add it."),
        ("/inner/1/txet", "There is no such field: remove it, or check how it is written."),
        ("/colour~1tint", "There is no such field: remove it, or check how it is written."),
    }


def test_a_wrong_query_is_told_by_name(client: FlaskClient) -> None:
    """Outside of the body there is no pointer, so the place and the name are said."""
    found = problem(client.get("/v1/things?limit=all", headers=headers("reader")))
    assert found["errors"] == [{"pointer": "query:limit", "detail": "A whole number belongs here."}]


@pytest.mark.parametrize("body", ["{", "[1,", "\xff", ""])
def test_a_body_that_is_no_json_is_told_so(client: FlaskClient, body: str) -> None:
    """Half a body, a stray byte, nothing at all: refused with a remedy, never with a 500."""
    answer = client.post(THINGS, data=body, content_type="application/json", headers=headers("writer"))
    assert problem(answer)["status"] in (400, 422)


def test_a_body_above_the_bound_is_refused(client: FlaskClient) -> None:
    """A large body costs no memory."""
    answer = client.post(THINGS, data=b"x" * 4096, content_type="application/json", headers=headers("writer"))
    found = problem(answer)
    assert (found["code"], found["detail"]) == (
        "too_large",
        "The request body is larger than 2048 bytes. Send less at once.",
    )


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 401, "missing_key"),
        ({"Authorization": "Basic d29yZDp3b3Jk"}, 401, "missing_key"),
        ({"Authorization": "Bearer"}, 401, "missing_key"),
        (headers("nobody"), 401, "unknown_key"),
        (headers("revoked"), 401, "unknown_key"),
        (headers("reader"), 403, "missing_scope"),
    ],
)
def test_a_key_that_will_not_do_is_refused(client: FlaskClient, sent: dict[str, str], status: int, code: str) -> None:
    """Without a known key 401, with one that lacks the scope 403; and 401 says how to send one."""
    answer = client.post(THINGS, json={"number": 1}, headers=sent)
    found = problem(answer)
    assert (found["status"], found["code"]) == (status, code)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("secret", ["writer", "admin", "bound"])
def test_a_key_with_the_scope_or_admin_may(client: FlaskClient, secret: str) -> None:
    """`admin` implies every scope; a key bound to a program may work on that program."""
    assert client.post(THINGS, json={"number": 1}, headers=headers(secret)).status_code == 201


def test_a_key_bound_to_other_programs_is_refused(client: FlaskClient) -> None:
    """One brand's key must not touch another's program."""
    answer = client.post("/v1/programs/prg_other/things", json={"number": 1}, headers=headers("bound"))
    assert problem(answer)["code"] == "other_program"


def test_a_key_is_looked_at_before_the_body(client: FlaskClient) -> None:
    """Whoever has no key learns nothing of what a body should hold."""
    assert client.post(THINGS, data=b"{", content_type="application/json").status_code == 401


def test_redis_away_is_said_only_where_redis_is_needed(client: FlaskClient) -> None:
    """An idempotency key needs Redis and is answered 503; the rate limit does without."""
    assert client.post(THINGS, json={"number": 1}, headers=headers("writer")).status_code == 201
    answer = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="once"))
    assert problem(answer)["code"] == "unavailable"
