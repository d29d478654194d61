"""A Redis that accepts connections and does not respond: worse than one that is down, because every request to it waits."""

import dataclasses
import socket
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service
from tests.support.waiting import is_within

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture(params=["redis://127.0.0.1:{0}/0", "redis-cluster://127.0.0.1:{0},localhost:{0}"])
def client(request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A client of the tiny service. The kernel accepts connections to its Redis, and no process reads them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis = request.param.format(server.getsockname()[1])
        yield tiny_service(dataclasses.replace(SMALL_BODIES, redis=redis)).test_client()


def test_a_request_that_needs_a_hanging_redis_is_a_503_in_time(client: FlaskClient) -> None:
    """Within two seconds, although the rate limit uses Redis first."""
    started = time.monotonic()
    response = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="once"))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert "Redis is unavailable" in response.get_json()["detail"]
    assert is_within(1.5, started)


def test_recording_the_use_of_a_key_delays_no_request(client: FlaskClient) -> None:
    """The first use of each secret is written to Redis beside the request."""
    started = time.monotonic()
    assert client.get("/v1/hot/mine", headers=headers("reader")).status_code == 200
    assert is_within(0.4, started)


def test_readiness_reports_a_hanging_redis_before_the_probe_times_out(client: FlaskClient) -> None:
    """A probe waits about two seconds; after that the reason would be lost. Kafka is unavailable here as well."""
    started = time.monotonic()
    response = client.get("/readyz")
    assert "Redis does not respond" in response.get_json()["checks"]["redis"]
    assert is_within(2, started)


def test_the_rate_limit_waits_for_a_hanging_redis_once_per_second(client: FlaskClient) -> None:
    """Requests that do not need Redis are hardly slower."""
    started = time.monotonic()
    assert {client.get("/v1/things", headers=headers("reader")).status_code for _ in range(20)} == {200}
    assert is_within(1, started)
