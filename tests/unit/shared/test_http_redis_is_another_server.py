"""At the address of Redis another server responds, for example behind a port that was forwarded to the wrong place."""

import dataclasses
import socketserver
import threading
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.tiny_service import SMALL_BODIES, headers, tiny_service


class _OtherServer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture(params=["redis://127.0.0.1:{0}/0", "redis-cluster://127.0.0.1:{0},localhost:{0}"])
def client(request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """Yields a client of the tiny service; at the address of its Redis is a web server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _OtherServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        redis = request.param.format(server.server_address[1])
        yield tiny_service(dataclasses.replace(SMALL_BODIES, redis=redis)).test_client()
        server.shutdown()


def test_a_request_that_needs_redis_is_a_503(client: FlaskClient) -> None:
    """As while Redis is down: the operator corrects the address, and clients repeat the request."""
    response = client.post(
        "/v1/programs/prg_glow/things", json={"number": 1}, headers=headers("writer", Idempotency_Key="once")
    )
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1"), response.text


def test_readiness_says_that_it_is_not_redis(client: FlaskClient) -> None:
    """And what to correct."""
    reason = client.get("/readyz").get_json()["checks"]["redis"]
    assert reason == "what responds at REFERRAL_REDIS is not Redis: correct the host and the port"
