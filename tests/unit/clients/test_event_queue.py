"""The queue and the sender of the Python client: what was put is sent, in order, whatever fails, and never more than fits."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral_client import (
    Event,
    EventQueue,
    EventSender,
    QueueFull,
    ReferralClient,
    ReferralError,
    RetryPolicy,
    person_followed,
)
from referral_client.event_sender import MAX_BATCH
from tests.support.waiting import wait_until

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
ONE_ATTEMPT = RetryPolicy(attempts=1)
PUT_AND_DIE = """
import os, sys
from referral_client import EventQueue, person_followed
EventQueue(sys.argv[1]).put(person_followed("prg_x", "u:1"))
os._exit(1)
"""

ACKNOWLEDGED_AND_KILLED = """
import os, signal, sys
from referral_client import EventQueue, EventSender, ReferralClient
class Killed(EventQueue):
    def settle(self, sent, refused):
        os.kill(os.getpid(), signal.SIGKILL)
EventSender(Killed(sys.argv[1]), ReferralClient(sys.argv[2], "rk_x")).send_batch()
"""


def _event(number: int) -> Event:
    return person_followed("prg_x", f"u:{number}", occurred_at=AT)


class Service:
    """Keeps what arrived. `outcomes` of requests: ok, lost (recorded, no answer), away, refuse (odd people), proxy, garbled."""

    def __init__(self, *outcomes: str) -> None:
        self.recorded: list[str] = []
        self.sizes: list[int] = []
        self._outcomes: Iterator[str] = iter(outcomes)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request as the API does."""
        events, outcome = json.loads(request.content), next(self._outcomes, "ok")
        self.sizes.append(len(events))
        if outcome == "away":
            return httpx.Response(503, headers={"Retry-After": "0"})
        if outcome == "proxy":
            return httpx.Response(200, json={"status": "ok"})
        if outcome == "garbled":
            return httpx.Response(202, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
        if outcome == "too_large":
            return httpx.Response(413, json={"code": "too_large", "detail": "x"})
        bad = [
            index
            for index, one in enumerate(events)
            if outcome == "refuse" and int(one["person"].partition(":")[2]) % 2
        ]
        self.recorded += [one["id"] for index, one in enumerate(events) if index not in bad]
        if outcome == "lost":
            raise httpx.ReadTimeout("no answer")
        errors = [{"index": index, "code": "bad_token", "pointer": "/click", "detail": "Wrong."} for index in bad]
        if len(bad) == len(events):
            return httpx.Response(422, json={"code": "events_refused", "detail": "x", "errors": errors})
        return httpx.Response(202, json={"accepted": len(events) - len(bad), "rejected": errors, "warnings": []})


def _client(service: Service) -> ReferralClient:
    return ReferralClient("http://test", "rk_x", retries=ONE_ATTEMPT, transport=httpx.MockTransport(service))


def _send_all(queue: EventQueue, service: Service) -> None:
    sender = EventSender(queue, _client(service))
    for _ in range(100):
        try:
            if not sender.send_batch():
                return
        except ReferralError:
            continue
    raise AssertionError("the queue does not become empty")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.sampled_from(["ok", "lost", "away", "refuse", "proxy", "garbled"]), max_size=6), st.integers(1, 8))
def test_every_event_is_recorded_or_refused_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[str], count: int
) -> None:
    """A lost answer brings the same ids again; a refused event is kept with its reason; the order is that of the calls."""
    service, events = Service(*outcomes), [_event(number) for number in range(count)]
    with EventQueue(tmp_path_factory.mktemp("queue") / "events.db") as queue:
        for event in events:
            queue.put(event)
            queue.put(event)  # the same event twice is one
        _send_all(queue, service)
        refused = {one.id for one in queue.refused()}
        first = list(dict.fromkeys(service.recorded))
        assert set(first) | refused == {event.id for event in events}
        assert first == [event.id for event in events if event.id in first]
        assert all(one.code == "bad_token" and one.pointer == "/click" for one in queue.refused())


def test_an_event_outlives_the_process_that_put_it(tmp_path: Path) -> None:
    """The process ends without closing anything, right after `put`."""
    path = tmp_path / "events.db"
    done = subprocess.run(
        [sys.executable, "-c", PUT_AND_DIE, str(path)], env={"PYTHONPATH": "clients/python"}, timeout=150, check=False
    )
    assert done.returncode == 1
    service = Service()
    with EventQueue(path) as queue:
        assert queue.waiting() == 1
        _send_all(queue, service)
        assert queue.waiting() == 0
    assert service.recorded == ["person.followed:u:1"]


def test_a_sender_killed_after_the_acknowledgement_sends_the_same_ids_again(tmp_path: Path) -> None:
    """The service has recorded the batch, and the process is killed before it has removed it: nothing is lost."""
    path, recorded = tmp_path / "events.db", list[list[dict[str, object]]]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            recorded.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"accepted": len(recorded[-1]), "rejected": [], "warnings": []}).encode()
            self.send_response(202)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with EventQueue(path) as queue, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        for number in range(3):
            queue.put(_event(number))
        done = subprocess.run(
            [sys.executable, "-c", ACKNOWLEDGED_AND_KILLED, str(path), address],
            env={"PYTHONPATH": "clients/python"},
            timeout=150,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        assert queue.waiting() == 3
        queue.put(_event(3))
        with ReferralClient(address, "rk_x") as client, EventSender(queue, client) as sender:
            assert sender.flush(60)
        server.shutdown()
    killed, *after = recorded
    again = [event for batch in after for event in batch]
    assert again[:3] == killed  # the same ids, the same times, in the same order
    assert [event["id"] for event in again] == [_event(number).id for number in range(4)]


def test_a_full_queue_holds_its_caller_back(tmp_path: Path) -> None:
    """Beyond the bound `put` stores nothing and says so; one that waits already is no new event; room is used at once."""
    with EventQueue(tmp_path / "events.db", max_events=2) as queue:
        queue.put(_event(1))
        queue.put(_event(2))
        queue.put(_event(2))
        with pytest.raises(QueueFull):
            queue.put(_event(3), timeout_s=0.1)
        assert queue.waiting() == 2
        with EventSender(queue, _client(Service())):
            queue.put(_event(3), timeout_s=30)


def test_the_sender_outlives_a_failure_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is locked or full for a while: the events are sent again, and count once by their ids."""
    failures = iter([sqlite3.OperationalError("database is locked")])
    settle = EventQueue.settle

    def fail_once(queue: EventQueue, *more: Any) -> None:
        for failure in failures:
            raise failure
        settle(queue, *more)

    monkeypatch.setattr(EventQueue, "settle", fail_once)
    service = Service()
    with EventQueue(tmp_path / "events.db") as queue, EventSender(queue, _client(service)) as sender:
        queue.put(_event(1))
        assert sender.flush(60)
        wait_until(lambda: sender.last_error is None)
    assert service.recorded == ["person.followed:u:1"] * 2


def test_the_sender_sends_batches_and_halves_what_is_too_large(tmp_path: Path) -> None:
    """Batches are bounded; an event of which even one alone is too large is refused, and the others go on."""
    service = Service("too_large", "too_large")
    with EventQueue(tmp_path / "events.db") as queue, _client(service) as client:
        for number in range(MAX_BATCH + 1):
            queue.put(_event(number))
        with EventSender(queue, client) as sender:
            assert sender.flush(60)
            wait_until(lambda: sender.last_error is None)
    assert service.sizes[:3] == [MAX_BATCH, MAX_BATCH // 2, MAX_BATCH // 4]
    assert len(set(service.recorded)) == MAX_BATCH + 1
