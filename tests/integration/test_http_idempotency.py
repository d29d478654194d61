"""Idempotency keys and rate limits on a real Redis: the first answer, once, for everybody who asks again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from redis import Redis

from referral.config import Settings
from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service

pytestmark = pytest.mark.integration

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture
def app(redis_url: str) -> Flask:
    """The tiny service on a Redis of the test's own."""
    return tiny_service(Settings(signing_key=SMALL_BODIES.signing_key, redis=redis_url, rate_limit="1000/day"))


def test_the_same_request_again_gets_the_first_answer(app: Flask) -> None:
    """Status, body, type and place are the first's; nothing is made a second time."""
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


def test_answers_are_kept_for_a_day(app: Flask, redis: "Redis") -> None:
    """No longer: Redis holds what is needed and gives it up by itself."""
    app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    kept = redis.keys("http:idempotency:*")
    assert len(kept) == 1
    assert 86_000 < redis.ttl(kept[0]) <= 86_400


def test_another_body_under_the_same_key_is_refused(app: Flask) -> None:
    """Two different requests must not pass for one."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    answer = client.post(THINGS, json={"number": 2}, headers=headers("writer", Idempotency_Key="k"))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(("secret", "path"), [("admin", THINGS), ("writer", "/v1/programs/prg_other/things")])
def test_keys_of_other_callers_and_routes_are_others(app: Flask, secret: str, path: str) -> None:
    """Nobody gets somebody else's answer by guessing a key."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    answer = client.post(path, json={"number": 1}, headers=headers(secret, Idempotency_Key="k"))
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


def test_a_refused_request_may_be_tried_again_under_its_key(app: Flask) -> None:
    """What was not done is not remembered as done."""
    client = app.test_client()
    refused = client.post(THINGS, json={"number": "x"}, headers=headers("writer", Idempotency_Key="k"))
    assert refused.status_code == 422
    assert client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k")).status_code == 201


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_key_without_measure_is_refused(app: Flask, name: str) -> None:
    """1 to 255 characters."""
    answer = app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key=name))
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_idempotency_key")


def test_of_many_at_once_one_is_done(app: Flask) -> None:
    """The others are told to wait (409) or get its answer; never is a second thing made."""
    start = Barrier(16)

    def ask(_: int) -> tuple[int, int | None]:
        start.wait(30)
        answer = app.test_client().post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
        return answer.status_code, answer.get_json().get("number")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(16)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({number for status, number in answers if status == 201}) == 1


def test_while_the_first_is_under_way_the_second_is_told_to_wait(app: Flask, redis: "Redis") -> None:
    """409 with Retry-After: the marker of the first stands, its answer does not yet."""
    client = app.test_client()
    client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    (place,) = redis.keys("http:idempotency:*")
    import msgspec

    asked, *_ = msgspec.msgpack.decode(redis.get(place))
    redis.set(place, msgspec.msgpack.encode([asked]))
    answer = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="k"))
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (409, "in_progress", "1")


def test_a_limit_holds_over_all_processes_and_stores_no_address(redis_url: str, redis: "Redis") -> None:
    """Two processes count together; Redis sees a hash that ends with its window."""
    settings = Settings(signing_key="k" * 32, redis=redis_url, rate_limit="3/day")
    one, two = tiny_service(settings).test_client(), tiny_service(settings).test_client()
    answers = [client.get("/docs").status_code for client in (one, two, one, two)]
    assert answers == [200, 200, 200, 429]
    (name,) = redis.keys("http:limit:*")
    assert b"127.0.0.1" not in name
    assert 0 < redis.ttl(name) <= 86_400


def test_redis_that_may_evict_is_not_ready(app: Flask, redis: "Redis") -> None:
    """Removing single keys would unmake exactly-once."""
    check = app.extensions["referral"].redis
    from referral.http.health import redis_check

    assert redis_check(check)() is None
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "noeviction" in (redis_check(check)() or "")
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
