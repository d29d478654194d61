"""Idempotency keys and rate limits on a real Redis."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from referral.config import Settings
from referral.redis_client import RedisClient, servers_of
from tests.support.redis_servers import matching_keys, on_both_kinds_of_redis
from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service

pytestmark = [pytest.mark.integration, on_both_kinds_of_redis]

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture
def app(redis_url: str) -> Flask:
    """The tiny service on the test's Redis."""
    return tiny_service(Settings(signing_key=SMALL_BODIES.signing_key, redis=redis_url, rate_limit="1000/day"))


def test_a_repeated_request_gets_the_first_response(app: Flask) -> None:
    """The same status, body, content type and location; nothing is created a second time."""
    client = app.test_client()
    first, again = (
        client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k1")) for _ in range(2)
    )
    assert (first.status_code, first.data) == (201, again.data)
    assert again.status_code == 201
    assert (first.content_type, first.headers["Location"]) == (again.content_type, again.headers["Location"])
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k2"))
    assert other.get_json()["number"] == first.get_json()["number"] + 1


def test_responses_are_stored_for_a_day(app: Flask, redis: RedisClient) -> None:
    """Redis deletes them by itself after that."""
    app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    keys = matching_keys(redis, "http:idempotency:*")
    assert len(keys) == 1
    assert 86_000 < redis.ttl(keys[0]) <= 86_400


def test_another_body_with_the_same_key_is_rejected(app: Flask) -> None:
    """Two different requests must not be taken for one."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    response = client.post(THINGS, json={"number": 2}, headers=headers("writer", Idempotency_Key="k"))
    assert (response.status_code, response.get_json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(("secret", "path"), [("admin", THINGS), ("writer", "/v1/programs/prg_other/things")])
def test_idempotency_keys_are_separate_for_each_caller_and_route(app: Flask, secret: str, path: str) -> None:
    """A client cannot get the response of another one by guessing its key."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    response = client.post(path, json={"number": 1}, headers=headers(secret, Idempotency_Key="k"))
    assert response.status_code == 201
    assert "Idempotent-Replayed" not in response.headers


def test_a_rejected_request_may_be_repeated_with_its_key(app: Flask) -> None:
    """Only successful responses are stored."""
    client = app.test_client()
    rejected = client.post(THINGS, json={"number": "x"}, headers=headers("writer", Idempotency_Key="k"))
    assert rejected.status_code == 422
    assert client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k")).status_code == 201


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_key_of_invalid_length_is_rejected(app: Flask, name: str) -> None:
    """1 to 255 characters."""
    response = app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key=name))
    assert (response.status_code, response.get_json()["code"]) == (400, "bad_idempotency_key")


def test_one_of_many_simultaneous_requests_is_executed(app: Flask) -> None:
    """The others get a 409 or its response; nothing is created a second time."""
    start = Barrier(16)

    def send(_: int) -> tuple[int, int | None]:
        start.wait(150)
        response = app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
        return response.status_code, response.get_json().get("number")

    with ThreadPoolExecutor(16) as threads:
        responses = list(threads.map(send, range(16)))
    assert {status for status, _ in responses} <= {201, 409}
    assert len({number for status, number in responses if status == 201}) == 1


def test_the_second_request_waits_while_the_first_is_in_progress(app: Flask, redis: RedisClient) -> None:
    """409 with Retry-After: the key is reserved, and no response is stored yet."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    (redis_key,) = matching_keys(redis, "http:idempotency:*")
    import msgspec

    request_digest, *_ = msgspec.msgpack.decode(redis.get(redis_key))
    redis.set(redis_key, msgspec.msgpack.encode([request_digest]))
    response = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    assert (response.status_code, response.get_json()["code"], response.headers["Retry-After"]) == (
        409,
        "in_progress",
        "1",
    )


def test_the_rate_limit_covers_all_processes_and_stores_no_address(redis_url: str, redis: RedisClient) -> None:
    """Two processes share their counts; Redis stores a hash that expires with its window."""
    settings = Settings(signing_key="k" * 32, redis=redis_url, rate_limit="3/day")
    one, two = tiny_service(settings).test_client(), tiny_service(settings).test_client()
    responses = [client.get("/docs").status_code for client in (one, two, one, two)]
    assert responses == [200, 200, 200, 429]
    (name,) = matching_keys(redis, "http:limit:*")
    assert b"127.0.0.1" not in name
    assert 0 < redis.ttl(name) <= 86_400


def test_a_redis_with_eviction_is_not_ready(app: Flask, redis: RedisClient) -> None:
    """Evicted keys would break exactly-once."""
    check = app.extensions["referral"].redis
    from referral.http.health import redis_check

    assert redis_check(check)() is None
    for server in servers_of(redis):
        server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert "noeviction" in (redis_check(check)() or "")
        finally:
            server.config_set("maxmemory-policy", "noeviction")
