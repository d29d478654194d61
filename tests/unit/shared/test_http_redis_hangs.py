"""A Redis that takes connections and answers nothing: worse than one that is gone, for whoever asks it waits."""

import dataclasses
import socket
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service
from tests.support.waiting import is_within

THINGS = "/v1/programs/prg_glow/things"


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    """A client of the tiny service; the kernel takes connections for its Redis, and nobody reads them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield tiny_service(dataclasses.replace(SMALL_BODIES, redis=redis)).test_client()


def test_what_needs_a_redis_that_hangs_is_answered_503_in_time(client: FlaskClient) -> None:
    """Within two seconds, though the rate limit asks it first."""
    began = time.monotonic()
    answer = client.post(THINGS, json={"number": 1}, headers=headers("writer", Idempotency_Key="once"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Redis is away" in answer.get_json()["detail"]
    assert is_within(1.5, began)


def test_readiness_names_a_redis_that_hangs_before_the_probe_gives_up(client: FlaskClient) -> None:
    """A probe waits two seconds or so; then its reader would know nothing. Here the broker is away as well."""
    began = time.monotonic()
    answer = client.get("/readyz")
    assert "Redis does not answer" in answer.get_json()["checks"]["redis"]
    assert is_within(2, began)


def test_the_rate_limit_waits_for_a_redis_that_hangs_once_a_second(client: FlaskClient) -> None:
    """What needs no Redis goes on almost as before."""
    began = time.monotonic()
    assert {client.get("/v1/things", headers=headers("reader")).status_code for _ in range(20)} == {200}
    assert is_within(1, began)
