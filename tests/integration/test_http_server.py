"""The server: requests in progress finish, no process outlives it, worker processes export their metrics together."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from referral_tools.stack.ports import free_ports
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
SIZE_LIMIT = 200_000
THING = b'{"number":1}'
SERVE = (
    "from referral.config import Settings; from referral.http.serve import serve;"
    " serve('tests.support.tiny_service:make_app', Settings.from_env())"
)


class Server:
    """The tiny service in a separate process."""

    def __init__(self, folder: Path, workers: int = 1) -> None:
        (self.port,) = free_ports(1)
        environ = os.environ | {
            "REFERRAL_SIGNING_KEY": "k" * 32,
            "REFERRAL_KAFKA": "127.0.0.1:1",
            "REFERRAL_REDIS": "redis://127.0.0.1:1/0",
            "REFERRAL_HTTP_PORT": str(self.port),
            "REFERRAL_HTTP_WORKERS": str(workers),
            "REFERRAL_HTTP_THREADS": "4",
            "REFERRAL_MAX_BODY": str(SIZE_LIMIT),
            "REFERRAL_LOG_LEVEL": "error",
            "TMPDIR": str(folder),
        }
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], env=environ, cwd=ROOT)
        wait_until(lambda: self.get("/healthz")[0] == 200)

    def get(self, path: str) -> tuple[int, str]:
        """Returns status and body; status 0 if the server does not respond."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=150)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def post(self, path: str, parts: Iterable[bytes]) -> tuple[int, str]:
        """Sends a chunked request, which has no Content-Length; returns status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=150)
        sent = {"Authorization": "Bearer writer", "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        try:
            connection.request("POST", path, iter(parts), sent, encode_chunked=True)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def connect(self, stack: ExitStack, sent: bytes) -> socket.socket:
        """Opens a connection, sends these bytes and leaves it open until the stack ends."""
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=150))
        connection.sendall(sent)
        return connection

    def workers(self) -> list[psutil.Process]:
        """Returns the worker processes."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        """Ends all processes."""
        for process in [*(self.workers() if self.process.poll() is None else []), self.process]:
            process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with one worker process."""
    made = Server(tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize(("blanks", "status"), [(SIZE_LIMIT - len(THING), 201), (SIZE_LIMIT - len(THING) + 1, 413)])
def test_a_chunked_body_is_read_completely_or_rejected(server: Server, blanks: int, status: int) -> None:
    """At the size limit it is accepted; one byte more is rejected, not truncated."""
    parts = [THING, *[b" " * 1000] * (blanks // 1000), b" " * (blanks % 1000)]
    answer = server.post("/v1/programs/prg_glow/things", parts)
    assert answer[0] == status, answer


def test_idle_connections_and_half_headers_do_not_disturb_others(server: Server) -> None:
    """256 connections that stay open after a request, and 300 that sent half a header."""
    with ExitStack() as stack:
        for _ in range(256):
            idle = server.connect(stack, b"GET /v1/hot HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        for _ in range(300):
            server.connect(stack, b"GET /v1/hot HTTP/1.1\r\nHo")
        assert server.get("/v1/hot") == (200, "ok")


def test_a_connection_with_half_a_header_is_closed(server: Server) -> None:
    """After five seconds."""
    with ExitStack() as stack:
        assert server.connect(stack, b"GET /v1/hot HTTP/1.1\r\nHo").recv(4096) in (
            b"",
            b"HTTP/1.1 408 Request Timeout\r\n\r\n",
        )


@pytest.mark.parametrize(
    ("path", "key", "most"),
    [("/v1/open", b"", 1), ("/v1/programs/prg_glow/things", b"Authorization: Bearer writer\r\n", 2)],
)
def test_half_bodies_occupy_a_part_of_the_threads_only(server: Server, path: str, key: bytes, most: int) -> None:
    """Of four threads one serves all callers without a key, two serve one key; further bodies are rejected at once."""
    start = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n%s\r\n{"
    with ExitStack() as stack:
        clients = [server.connect(stack, start % (path.encode(), key)) for _ in range(most + 6)]
        rejected: set[socket.socket] = set()

        def rejections() -> int:
            ready, _, _ = select.select([client for client in clients if client not in rejected], [], [], 0)
            rejected.update(client for client in ready if client.recv(4096).startswith(b"HTTP/1.1 429"))
            return len(rejected)

        wait_until(lambda: rejections() == 6)
        assert server.get("/v1/hot") == (200, "ok")
    wait_until(lambda: server.post("/v1/open", [b"abc"]) == (200, "3"))


def test_a_request_in_progress_finishes_before_the_server_ends(server: Server) -> None:
    """SIGTERM during a request: the client gets its response, then server and worker end within seconds."""
    workers = server.workers()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(server.get, "/v1/slow")
        wait_until(lambda: server.get("/v1/waiting")[1] == "1")
        server.process.send_signal(signal.SIGTERM)
        assert slow.result(10) == (200, "at last")
    assert server.process.wait(150) == 0
    wait_until(lambda: not any(process.is_running() for process in workers))


def test_a_worker_ends_with_a_server_that_is_killed(server: Server) -> None:
    """SIGKILL leaves no time to stop the worker; it must notice by itself, so that no orphan keeps the port."""
    workers = server.workers()
    assert workers
    server.process.kill()
    wait_until(
        lambda: not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in workers)
    )
    assert server.get("/healthz")[0] == 0


def test_a_worker_closes_the_app_at_its_end(server: Server, tmp_path: Path) -> None:
    """Lines that wait to be sent are sent: `Context.close` runs in the worker before it ends."""
    marker = tmp_path / "closed"
    assert server.get(f"/v1/at-end?path={marker}")[0] == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(150) == 0
    assert marker.exists()


def test_a_worker_that_dies_is_replaced(server: Server) -> None:
    """One crash does not end the service."""
    (worker,) = server.workers()
    worker.kill()
    wait_until(lambda: server.get("/healthz")[0] == 200 and server.workers() != [worker])


def test_worker_processes_export_their_metrics_together(tmp_path: Path) -> None:
    """Any worker exports the metrics of all; the folder they share is removed at the end."""
    server = Server(tmp_path, workers=2)
    try:
        for _ in range(40):
            assert server.get("/v1/hot")[0] == 200
        shown = server.get("/metrics")[1]
        counted = [line for line in shown.splitlines() if 'route="/v1/hot"' in line and "requests_total" in line]
        assert sum(float(line.rpartition(" ")[2]) for line in counted) == 40
        assert list(tmp_path.glob("referral-metrics-*/*.db"))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(150) == 0
        assert not list(tmp_path.iterdir())
    finally:
        server.end()
