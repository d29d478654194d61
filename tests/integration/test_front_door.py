"""The front door: nginx with the configuration that `make run` and docker compose use, before four stand-in services."""

import contextlib
import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from referral.config import Settings
from referral_tools.stack.front_door import REQUESTS_PER_CLIENT, front_door
from referral_tools.stack.ports import free_ports
from referral_tools.system import is_reachable
from reward_dispatcher.http_api.pools import UPLOAD_LIMITS
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

APPS = {
    "link-issuer": "link_issuer.http_api.app",
    "conversion-tracker": "conversion_tracker.app",
    "reward-dispatcher": "reward_dispatcher.http_api.app",
    "leaderboard": "leaderboard.http_api.app",
}
# Shown by every service for itself; the front door answers them, or names the service in the path.
OWN = {
    "/docs",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/pages/<name>",
    *(f"/openapi/{name}.json" for name in APPS),
}
MAX_BODY = 1_048_576
SLOW = "/v1/audit?slow"  # a path whose response may begin after 60 s
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}  # HEAD and OPTIONS go where GET goes


class StandIn(BaseHTTPRequestHandler):
    """A service that answers with its name and what it received."""

    protocol_version = "HTTP/1.1"
    name = ""
    received: list[str]
    release: threading.Event

    def do_GET(self) -> None:
        self.received.append(self.path)
        if self.headers.get("Accept") == "text/event-stream":
            self._stream()
            return
        if self.path == SLOW:
            self.release.wait(55)
        length = int(self.headers.get("Content-Length", 0))
        body = {
            "service": self.name,
            "path": self.path,
            "headers": dict(self.headers),
            "bytes": len(self.rfile.read(length)),
            "filler": "x" * (4000 if self.path == "/LARGE" else 0),
        }
        self._answer(json.dumps(body).encode())

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class calls methods by these names

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.release.wait(20)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Prints nothing."""


class Server(ThreadingHTTPServer):
    """Accepts as many connections at once as the front door opens."""

    daemon_threads = True
    request_queue_size = 512


class Front:
    """The front door with its stand-in services."""

    def __init__(
        self, url: str, servers: dict[str, ThreadingHTTPServer], handlers: dict[str, type[StandIn]], log: Path
    ) -> None:
        self.url = url
        self.log = log
        self.servers = servers
        self.handlers = handlers

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def received(self) -> list[str]:
        """The paths that reached any service."""
        return [path for handler in self.handlers.values() for path in handler.received]


@contextmanager
def serving(name: str) -> Iterator[tuple[ThreadingHTTPServer, type[StandIn]]]:
    """A stand-in service on a free port."""
    handler = type(f"StandIn_{name}", (StandIn,), {"name": name, "received": [], "release": threading.Event()})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, handler
    finally:
        handler.release.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """nginx before four stand-in services, all on free ports."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(serving(name)) for name in APPS}
        services = {name: f"127.0.0.1:{server.server_address[1]}" for name, (server, _) in made.items()}
        (port,) = free_ports(1)
        services["leaderboard-live"] = services["leaderboard"]
        process = front_door(tmp_path, port, services, MAX_BODY)
        stack.callback(process.terminate)
        url = f"http://127.0.0.1:{port}"
        process.start().wait_healthy(lambda: is_reachable(f"{url}/healthz"), 30)
        yield Front(
            url,
            {n: server for n, (server, _) in made.items()},
            {n: handler for n, (_, handler) in made.items()},
            process.log,
        )


def routes() -> list[tuple[str, str, str]]:
    """Every route of every service: the service's name, method and path."""
    found = []
    for service, module in APPS.items():
        app = import_module(module).app(Settings(signing_key="0" * 48, log_level="critical", directory="memory"))
        rules = [rule for rule in app.url_map.iter_rules() if rule.rule not in OWN]
        found += [
            (service, method, rule.rule) for rule in rules for method in sorted((rule.methods or set()) & METHODS)
        ]
        app.extensions["referral"].close()
    return found


def sample(rule: str) -> str:
    """A path of a route: ids of people contain slashes, colons and escapes."""
    return re.sub(r"<path:\w+>", "xhs:a%2Fb/c", re.sub(r"<(?!path:)[^>]+>", "x1", rule))


def test_every_route_of_every_service_is_reached(front: Front) -> None:
    """And its path arrives as it was sent, escapes included."""
    known = routes()
    assert len(known) > 40
    for service, method, rule in known:
        found = httpx.request(method, front.url + sample(rule)).json()
        assert (found["service"], found["path"]) == (service, sample(rule)), (method, rule)


def test_documentation_and_specification_name_the_service(front: Front) -> None:
    """Four services have one address, so `/docs` alone would be ambiguous."""
    for service in APPS:
        assert httpx.get(f"{front.url}/docs/{service}").json() | {"headers": 0, "filler": 0, "bytes": 0} == {
            "service": service,
            "path": "/docs",
            "headers": 0,
            "filler": 0,
            "bytes": 0,
        }
        assert httpx.get(f"{front.url}/openapi/{service}.json").json()["path"] == "/openapi.json"


def test_metrics_and_readiness_are_not_public(front: Front) -> None:
    """They name internals; they are read on the services' own ports. A program gets a problem, a browser a page."""
    for path in ("/metrics", "/readyz"):
        problem = httpx.get(front.url + path)
        assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
        assert problem.json()["code"] == "not_found"
        page = httpx.get(front.url + path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "这里没有页面" in page.text
    assert front.received() == []


def test_the_address_of_the_client_cannot_be_forged(front: Front) -> None:
    """The last entry of X-Forwarded-For is the peer that the front door saw, whatever the client wrote."""
    headers = httpx.get(f"{front.url}/AMY88", headers={"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"}).json()[
        "headers"
    ]
    assert headers["X-Forwarded-For"].split(", ")[-1] == "127.0.0.1"
    assert "X-Real-IP" not in headers


def test_idle_and_half_sent_requests_occupy_no_service(front: Front) -> None:
    """256 idle connections, 300 half headers and 100 half bodies of one client: others are served, and no service sees them."""
    with ExitStack() as stack:

        def connect(data: bytes) -> None:
            client = stack.enter_context(socket.create_connection(front.address))
            client.sendall(data)

        for _ in range(256):
            connect(b"")
        for _ in range(300):
            connect(b"GET /AMY88 HTTP/1.1\r\nHost: x\r\nX-Half: ")
        for _ in range(100):
            connect(b"POST /v1/adapters/shop/prg_x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert httpx.get(f"{front.url}/AMY89", timeout=60).json()["service"] == "link-issuer"
        assert httpx.post(f"{front.url}/v1/events", content=b"{}", timeout=60).json()["service"] == "conversion-tracker"
        assert set(front.received()) == {"/AMY89", "/v1/events"}


def test_a_half_sent_request_ends_after_the_time_out(front: Front) -> None:
    """The client is disconnected, and its connection is free again."""
    with socket.create_connection(front.address) as client:
        client.settimeout(20)
        client.sendall(b"GET /AMY88 HTTP/1.1\r\nHost: x\r\nX-Half: ")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) == b""


def test_a_body_above_the_limit_is_a_problem(front: Front) -> None:
    """As the services answer it, before the body was read."""
    response = httpx.post(f"{front.url}/v1/events", content=b"x" * (MAX_BODY + 1))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert response.headers["content-type"] == "application/problem+json"
    assert str(MAX_BODY) in response.json()["detail"]


def test_only_an_upload_of_codes_may_be_larger(front: Front) -> None:
    """It is passed on while it arrives; the service has the same limit, and its own for callers without a key."""
    codes = f"{front.url}/v1/programs/prg_glow/pools/vip/codes"
    answer = httpx.put(codes, content=b"x" * (3 * MAX_BODY)).json()
    assert (answer["service"], answer["bytes"]) == ("reward-dispatcher", 3 * MAX_BODY)
    for other in ("vip/void", "vip/codes/x"):
        assert httpx.put(codes.replace("vip/codes", other), content=b"x" * (MAX_BODY + 1)).status_code == 413
    with socket.create_connection(front.address) as client:
        client.settimeout(20)
        head = f"PUT {codes.removeprefix(front.url)} HTTP/1.1\r\nHost: x\r\nContent-Length: {UPLOAD_LIMITS.sent + 1}\r\n\r\n"
        client.sendall(head.encode())
        refused = HTTPResponse(client)
        refused.begin()
        assert (refused.status, str(UPLOAD_LIMITS.sent) in json.loads(refused.read())["detail"]) == (413, True)


@pytest.mark.parametrize(
    "path", ["/%", "/%zz", "/AMY88%00", "/..%2f..%2fetc/passwd", "/" + "A" * 9000], ids=lambda path: path[:12]
)
def test_a_path_that_cannot_be_read_is_malformed(front: Front, path: str) -> None:
    """A link with a cut %-escape is a mistake of its sender: a problem with 400, no internal error, and no service sees it."""
    with socket.create_connection(front.address) as client:
        client.settimeout(20)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        response = HTTPResponse(client)
        response.begin()
        problem = json.loads(response.read())
    assert (response.status, problem["code"]) == (400, "malformed_request")
    assert response.headers["content-type"] == "application/problem+json"
    assert front.received() == []


def test_a_service_that_is_down_is_503_and_the_others_work(front: Front) -> None:
    """With Retry-After, as for a log that does not answer."""
    front.servers["leaderboard"].shutdown()
    front.servers["leaderboard"].server_close()
    response = httpx.get(f"{front.url}/p/prg_glow")
    assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (503, "unavailable", "2")
    assert httpx.get(f"{front.url}/AMY88").status_code == 200


def test_a_service_that_accepts_connections_and_never_answers_is_503_soon(front: Front) -> None:
    """As a process that is stopped or out of threads: a page after 10 s, a problem after 15 s, and the others work meanwhile."""
    front.servers["reward-dispatcher"].shutdown()  # its socket still listens

    def ask(path: str, accept: str) -> httpx.Response:
        return httpx.get(f"{front.url}{path}?lang=en", headers={"Accept": accept}, timeout=40)

    with ThreadPoolExecutor(3) as pool:
        console = pool.submit(ask, "/console/rewards", "text/html,*/*;q=0.8")
        wallet = pool.submit(ask, "/w", "text/html,*/*;q=0.8")
        api = pool.submit(ask, "/v1/rewards/rwd_1", "application/json")
        assert httpx.get(f"{front.url}/AMY88").status_code == 200
        page, own, problem = console.result(), wallet.result(), api.result()
    assert {one.status_code for one in (page, own, problem)} == {503}
    assert {one.headers["retry-after"] for one in (page, own, problem)} == {"2"}
    assert problem.json()["code"] == "unavailable"
    assert "Review, people and boards still work." in page.text
    assert '<a href="">Try again</a>' in page.text
    assert "Other pages still work." in own.text
    assert page.elapsed < problem.elapsed < timedelta(seconds=30)


def test_the_log_names_the_service_that_failed_and_never_the_person_or_the_client(front: Front) -> None:
    """One line for each request that no service answered, and none for a body that is too large."""
    front.servers["conversion-tracker"].shutdown()
    front.servers["conversion-tracker"].server_close()
    path = "/v1/programs/prg_glow/people/xhs:amy-4711"
    assert httpx.get(f"{front.url}{path}?name=amy-4711").status_code == 503
    assert httpx.patch(f"{front.url}{path}", content=b"x" * (MAX_BODY + 1)).status_code == 413
    wait_until(lambda: "request failed" in front.log.read_text())
    log = front.log.read_text()
    assert "amy-4711" not in log
    assert "client:" not in log
    failures = [json.loads(line) for line in log.splitlines() if "request failed" in line]
    assert [(one["upstream"], one["method"], one["status"]) for one in failures] == [("conversion-tracker", "GET", 503)]


def test_a_browser_gets_a_page_for_an_error_of_the_front_door(front: Front) -> None:
    """In both languages, with the same status and Retry-After as the problem that programs get."""
    front.servers["leaderboard"].shutdown()
    front.servers["leaderboard"].server_close()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = httpx.get(f"{front.url}/p/prg_glow", headers=browser)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert page.headers["retry-after"] == "2"
    assert "页面暂时打不开" in page.text
    assert "Other pages still work." in page.text
    large = httpx.post(f"{front.url}/v1/events", content=b"x" * (MAX_BODY + 1), headers=browser)
    assert (large.status_code, large.headers["content-type"]) == (413, "text/html; charset=utf-8")


def test_one_client_has_a_bounded_number_of_requests_at_a_time(front: Front) -> None:
    """Further ones are answered 429 at once."""
    threads = [
        threading.Thread(target=lambda: httpx.get(f"{front.url}{SLOW}", timeout=60), daemon=True)
        for _ in range(REQUESTS_PER_CLIENT)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 50
    while front.received().count(SLOW) < REQUESTS_PER_CLIENT and time.monotonic() < deadline:
        time.sleep(0.02)
    response = httpx.get(f"{front.url}/AMY88")
    front.handlers["link-issuer"].release.set()
    for thread in threads:
        thread.join(30)
    assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (
        429,
        "rate_limited",
        "1",
    )
    assert httpx.get(f"{front.url}/AMY88").status_code == 200


def test_large_responses_are_compressed_if_the_client_accepts_it(front: Front) -> None:
    """A board of a hundred rows is a tenth of its size."""
    with httpx.stream("GET", f"{front.url}/LARGE", headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(raw) < len(gzip.decompress(raw)) / 5


@pytest.mark.parametrize("path", ["/v1/programs/prg_x/live", "/p/prg_x/live", "/p/prg_x/growth/live"])
def test_server_sent_events_arrive_one_by_one(front: Front, path: str) -> None:
    """The first arrives while the answer is still open."""
    accept = {"Accept": "text/event-stream"}
    with httpx.stream("GET", front.url + path, headers=accept, timeout=60) as response:
        assert next(response.iter_lines()) == "data: first"
        assert not front.handlers["leaderboard"].release.is_set()
        front.handlers["leaderboard"].release.set()
