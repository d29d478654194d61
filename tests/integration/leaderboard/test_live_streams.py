"""Live streams over real Kafka and sockets: what is written to the log arrives, once, also after an interruption."""

import dataclasses
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY

from leaderboard.http_api.app import app as make_app
from leaderboard.live import messages, server
from leaderboard.live.feed import LiveFeed
from leaderboard.live.server import LiveServer
from referral.catalog.memory_follower import MemoryFollower
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.attributions import ReferralUnattributed, attribution_key
from referral.events.entities import ApiKey
from referral.log.publisher import Publisher
from referral.log.topic_admin import ensure_topics
from referral.topics import ATTRIBUTIONS
from referral_tools.stack.front_door import front_door
from referral_tools.stack.ports import free_ports
from referral_tools.stack.stack import Stack
from referral_tools.system import is_reachable
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM
from tests.support.records import patient
from tests.support.settings import API_SECRET, AUTHORIZATION, SIGNING_KEY, api_key
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

STREAM, PUBLIC = f"/v1/programs/{PROGRAM}/live", f"/p/{PROGRAM}/live"
_encode = msgspec.json.Encoder().encode


class Live:
    """The server of live streams before an app with one key, and the log."""

    def __init__(self, address: str, catalog: Catalog, publisher: Publisher, feed: LiveFeed) -> None:
        self.address, self.catalog, self.publisher, self.feed = address, catalog, publisher, feed

    def discover(self, people: range) -> None:
        """People begin to follow by themselves."""
        lines = [
            ReferralUnattributed(
                occurred_at=datetime.now(UTC), program=PROGRAM, person=f"psn_{number}", reason="no_evidence"
            )
            for number in people
        ]
        self.publisher.submit_many(ATTRIBUTIONS, [(attribution_key(line), _encode(line)) for line in lines]).wait(150)

    @contextmanager
    def open(self, path: str = STREAM, **headers: str) -> Iterator["Events"]:
        """An open stream."""
        given = AUTHORIZATION | {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.stream("GET", self.address + path, headers=given, timeout=150) as response:
            assert response.status_code == 200
            assert response.headers["Content-Type"].startswith("text/event-stream")
            yield Events(response)


class Events:
    """The events of a stream, as a browser parses them."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> dict[str, str]:
        """The next event; without the waiting time and comments."""
        event: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name not in ("", ":", "retry"):
                event[name] = value
            elif not line and event:
                return event
        return event

    def discovered(self, number: int) -> str:
        """Reads until so many people more have come by themselves; returns the id of the last event."""
        found = 0
        while found < number:
            event = self.next()
            assert event["event"] == "change"
            found += msgspec.json.decode(event["data"])["discovered"]
        assert found == number
        return event["id"]


@pytest.fixture
def live(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Live]:
    """The server; a test may change settings by its parameter."""
    with serve_live(dataclasses.replace(settings, **getattr(request, "param", {}))) as live:
        yield live


@contextmanager
def serve_live(chosen: Settings) -> Iterator[Live]:
    """The server with these settings."""
    ensure_topics(chosen)
    key = api_key("read", "read", secret=API_SECRET)
    follower = MemoryFollower([GLOW_VERSION, key])
    app = make_app(chosen, follower)
    feed = app.extensions["leaderboard"].live
    listening = LiveServer(app, feed, chosen).start()
    publisher = Publisher(patient(chosen))
    try:
        yield Live(f"http://127.0.0.1:{listening.port}", follower.view, publisher, feed)
    finally:
        publisher.close()
        listening.stop()
        app.extensions["referral"].close()


def test_changes_arrive_and_a_reader_goes_on_where_they_stopped(live: Live) -> None:
    """What happened between two connections is the first event of the second, once; it is in no later one."""
    with live.open() as events:
        assert events.next()["event"] == "ready"
        live.discover(range(3))
        last = events.discovered(3)
    live.discover(range(3, 5))
    with live.open(Last_Event_ID=last) as events:
        events.discovered(2)
        live.discover(range(5, 6))
        events.discovered(1)


def test_a_reader_from_another_log_is_told_to_read_the_figures_again(live: Live) -> None:
    """As after a restart of the service: what happened meanwhile is not known here."""
    with live.open(Last_Event_ID="1.2.3") as events:
        assert events.next()["event"] == "reset"
        live.discover(range(1))
        events.discovered(1)


def test_the_public_stream_says_that_something_changed_and_no_more(live: Live) -> None:
    """Without a key; how many came is not public."""
    with live.open(PUBLIC, Authorization="") as events:
        events.next()
        live.discover(range(1))
        event = events.next()
    assert (event["event"], event["data"]) == ("change", '{"within_ms":500}')


@pytest.mark.parametrize(
    ("path", "secret", "status", "code"),
    [
        (STREAM, "", 401, "missing_key"),
        (STREAM, "Bearer rk_unknown", 401, "unknown_key"),
        ("/v1/programs/prg_other/live", AUTHORIZATION["Authorization"], 404, "unknown_program"),
        ("/p/prg_other/live", "", 404, "unknown_program"),
        ("/v1/programs", AUTHORIZATION["Authorization"], 404, None),
    ],
)
def test_who_may_not_watch_gets_the_problem_of_the_api(
    live: Live, path: str, secret: str, status: int, code: str | None
) -> None:
    """The same as every other route; this server has no other routes."""
    response = httpx.get(live.address + path, headers={"Authorization": secret} if secret else {})
    assert response.status_code == status
    assert code is None or response.json()["code"] == code


@pytest.mark.parametrize("live", [{"live_streams_per_client": 1}], indirect=True)
def test_one_client_cannot_open_any_number_of_streams(live: Live) -> None:
    """The second is refused; after the first has ended there is room again."""
    with live.open() as events:
        events.next()
        refused = httpx.get(live.address + STREAM, headers=AUTHORIZATION)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        with live.open(PUBLIC, Authorization="") as other:
            assert other.next()["event"] == "ready"
    wait_until(lambda: _opens(live.address + STREAM))


@pytest.mark.parametrize("live", [{"live_streams": 4}], indirect=True)
def test_anonymous_readers_leave_seats_for_keys(live: Live) -> None:
    """They may have three of four; a key still gets in, and they get in again once one of them has left."""
    with ExitStack() as streams:
        readers = [streams.enter_context(live.open(PUBLIC, Authorization="")) for _ in range(3)]
        assert {one.next()["event"] for one in readers} == {"ready"}
        refused = httpx.get(live.address + PUBLIC, timeout=150)
        assert (refused.status_code, refused.json()["code"]) == (503, "streams_full")
        assert streams.enter_context(live.open()).next()["event"] == "ready"
    wait_until(lambda: _opens(live.address + PUBLIC))


def test_watchers_behind_the_front_door_miss_nothing_in_an_outage_of_the_broker(
    mortal: Stack, topic_prefix: str, tmp_path: Path
) -> None:
    """Streams stay open through nginx while Kafka is gone; what is written afterwards arrives at each, once."""
    settings = Settings(
        signing_key=SIGNING_KEY,
        kafka=mortal.kafka,
        redis=mortal.redis,
        partitions=2,
        topic_prefix=topic_prefix,
        directory="memory",
    )
    with serve_live(settings) as live, ExitStack() as streams:
        (port,) = free_ports(1)
        names = ("link-issuer", "conversion-tracker", "reward-dispatcher", "leaderboard", "leaderboard-live")
        door = front_door(tmp_path, port, dict.fromkeys(names, live.address), 1_048_576).start()
        streams.callback(door.terminate)
        door.wait_healthy(lambda: is_reachable(f"http://127.0.0.1:{port}/healthz"), 30)
        live.address = f"http://127.0.0.1:{port}"
        watchers = [streams.enter_context(live.open()) for _ in range(5)]
        public = streams.enter_context(live.open(PUBLIC, Authorization=""))
        assert {one.next()["event"] for one in (*watchers, public)} == {"ready"}
        live.discover(range(2))
        assert [one.discovered(2) for one in watchers]
        assert public.next()["event"] == "change"
        mortal.kafka_process.kill()
        mortal.start_kafka()
        live.discover(range(2, 5))
        assert [one.discovered(3) for one in watchers]
        assert public.next()["event"] == "change"


def _opens(url: str) -> bool:
    with httpx.stream("GET", url, headers=AUTHORIZATION) as response:
        return response.status_code == 200


def _check_often(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(server, "HEARTBEAT_S", 0.1)
    patched.setattr(server, "CHECK_S", 0.05)


def test_a_stream_ends_with_its_key(monkeypatch: pytest.MonkeyPatch, live: Live) -> None:
    """With an event after which a browser does not come back."""
    key = live.catalog.api_keys()[0]
    with live.open() as events:
        events.next()
        _check_often(monkeypatch)
        live.catalog.apply(_revoked(key))
        assert events.next() == {"event": "end", "data": '{"reason":"expired"}'}
        assert events.next() == {}


def test_a_stream_that_is_never_idle_ends_with_its_key(monkeypatch: pytest.MonkeyPatch, live: Live) -> None:
    """Messages that come faster than heartbeats do not keep a revoked key's stream open."""
    with live.open() as events:
        events.next()
        monkeypatch.setattr(server, "HEARTBEAT_S", 2.0)
        monkeypatch.setattr(server, "CHECK_S", 0.05)
        live.catalog.apply(_revoked(live.catalog.api_keys()[0]))
        names = []
        while "end" not in names and len(names) < 30:
            live.discover(range(len(names), len(names) + 1))
            names.append(events.next()["event"])
        assert names[-1] == "end"
        assert set(names[:-1]) == {"change"}


def _revoked(key: ApiKey) -> ApiKey:
    return msgspec.structs.replace(key, revoked=True)


def test_a_reader_who_takes_nothing_is_disconnected(monkeypatch: pytest.MonkeyPatch, live: Live) -> None:
    """What it does not take fills the buffers of the kernel and a bounded one here; others read on."""
    _check_often(monkeypatch)
    monkeypatch.setattr(server, "SLOW_S", 0.5)
    monkeypatch.setattr(messages, "HEARTBEAT", b":" * 500_000 + b"\n\n")
    host, port = live.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow, live.open() as events:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET {PUBLIC} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        reason = {"reason": "slow"}
        wait_until(lambda: bool(events.next() or True) and _ended(reason) > 0)


def _ended(labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value("referral_live_streams_ended_total", labels) or 0.0


def test_the_log_is_read_only_while_someone_watches(monkeypatch: pytest.MonkeyPatch, live: Live) -> None:
    """At rest the feed costs nothing: no thread, no connection."""
    with live.open() as events:
        events.next()
        assert live.feed.is_running
    monkeypatch.setattr("leaderboard.live.feed.IDLE_S", 0.1)
    wait_until(lambda: not live.feed.is_running)
    assert live.feed.position is None


def test_asked_directly_a_stream_is_one_message(live: Live, settings: Settings) -> None:
    """A client that does not come through the front door asks again with the id, and misses nothing."""
    key = api_key("read", "read", secret=API_SECRET)
    client = make_app(settings, MemoryFollower([GLOW_VERSION, key])).test_client()
    first = client.get(STREAM, headers=AUTHORIZATION)
    assert first.mimetype == "text/event-stream"
    assert "event: ready" in first.text
    live.discover(range(2))
    position = first.text.partition("id: ")[2].partition("\n")[0]

    def later() -> str:
        return client.get(STREAM, headers=AUTHORIZATION | {"Last-Event-ID": position}).text

    wait_until(lambda: '"discovered":2' in later())
    client.application.extensions["referral"].close()
