"""The Python client and a server that answers too slowly, too much, or in an odd form: each attempt ends within its bounds."""

import asyncio
import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_client import ApiProblem, AsyncReferralClient, Code, ReferralClient, RetryPolicy, ServiceUnavailable
from referral_client.response_limits import MAX_RESPONSE_BYTES
from referral_client.retry_policy import retry_after_s

TOTAL_S = 0.5
ONE_ATTEMPT = RetryPolicy(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MEBIBYTE = b" " * 1024 * 1024
ZIPPED = gzip.compress(MEBIBYTE * 16)
Parts = Callable[[], Iterator[bytes]]


def _drip(before: bytes) -> Iterator[bytes]:
    """A byte every 50 ms without an end: no single read takes long."""
    yield before
    while True:
        time.sleep(0.05)
        yield b"1"


def _endless(before: bytes) -> Iterator[bytes]:
    yield before
    while True:
        yield MEBIBYTE


def _once(content: bytes, more: bytes = b"") -> Iterator[bytes]:
    yield HEAD + more + b"Content-Length: %d\r\n\r\n" % len(content) + content


@contextmanager
def _server(parts: Parts) -> Iterator[str]:
    """A server that answers every connection with the same parts, until it or the client ends. Yields its address."""
    stopping = Event()

    def serve() -> None:
        while not stopping.is_set():
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                _answer(connection, parts(), stopping)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        address = listener.getsockname()
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            stopping.set()
            socket.create_connection(address).close()
            thread.join(150)


def _answer(connection: socket.socket, parts: Iterator[bytes], stopping: Event) -> None:
    try:
        connection.recv(65_536)
        for part in parts:
            if stopping.is_set():
                return
            connection.sendall(part)
    except OSError:
        return  # the client has closed the connection


def _look_up(address: str, total_s: float = TOTAL_S) -> Code:
    with ReferralClient(address, "rk_x", retries=ONE_ATTEMPT, total_s=total_s) as client:
        return client.look_up_code("7F3KQ2M4")


def _look_up_async(address: str, total_s: float = TOTAL_S) -> Code:
    async def look_up() -> Code:
        async with AsyncReferralClient(address, "rk_x", retries=ONE_ATTEMPT, total_s=total_s) as client:
            return await client.look_up_code("7F3KQ2M4")

    return asyncio.run(look_up())


@pytest.mark.parametrize("look_up", [_look_up, _look_up_async])
@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(lambda: _drip(b""), id="status line"),
        pytest.param(lambda: _drip(HEAD + b"X-Slow: "), id="headers"),
        pytest.param(lambda: _drip(HEAD + b"Content-Length: 100000\r\n\r\n"), id="body"),
        pytest.param(lambda: _drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;a="), id="chunk extension"),
    ],
)
def test_a_server_that_drips_bytes_is_left_after_the_total_time(look_up: Callable[[str], Code], parts: Parts) -> None:
    """No matter that each byte comes in time."""
    with _server(parts) as address:
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            look_up(address)
        assert TOTAL_S <= time.monotonic() - started < 5


@pytest.mark.parametrize("look_up", [_look_up, _look_up_async])
@pytest.mark.parametrize("by_proxy", [True, False])
def test_settings_of_proxies_change_no_limit(
    look_up: Callable[[str], Code], by_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY alone names no proxy; a proxy that drips bytes is left as a server is."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    with _server(lambda: _drip(HEAD + b"X-Slow: ")) as address:
        monkeypatch.setenv("http_proxy" if by_proxy else "no_proxy", address if by_proxy else "localhost")
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            look_up("http://go.glow.example" if by_proxy else address)
        assert TOTAL_S <= time.monotonic() - started < 5


def test_a_host_of_no_proxy_is_reached_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy answers nothing that the client could read."""
    with _server(lambda: iter([b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"])) as address:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with pytest.raises(ApiProblem):
            _look_up(address, 60)


@pytest.mark.parametrize("look_up", [_look_up, _look_up_async])
@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(lambda: _endless(HEAD + b"\r\n"), id="until closed"),
        pytest.param(lambda: _once(MEBIBYTE * 9), id="nine MiB"),
        pytest.param(lambda: _once(ZIPPED, b"Content-Encoding: gzip\r\n"), id="gzip"),
    ],
)
def test_a_response_has_a_largest_size(look_up: Callable[[str, float], Code], parts: Parts) -> None:
    """Whatever length it states, and however small it is while encoded."""
    with _server(parts) as address, pytest.raises(ServiceUnavailable, match="ResponseTooLarge"):
        look_up(address, 60)


def test_texts_of_errors_are_cut() -> None:
    """A page of several MiB in place of a problem is no text to log."""
    body = b'{"code": "c", "detail": "' + b"x" * (MAX_RESPONSE_BYTES - 100) + b'"}'
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body)
    with _server(lambda: iter([head + body])) as address, pytest.raises(ApiProblem) as caught:
        _look_up(address, total_s=60)
    assert len(caught.value.detail) == 2_000


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"expires_at": "tomorrow"}', b"\xff\xfe"])
def test_a_body_that_is_no_result_is_a_problem(body: bytes) -> None:
    """Also if it is nested too deeply to be read."""
    with _server(lambda: _once(body)) as address, pytest.raises(ApiProblem) as caught:
        _look_up(address, 60)
    assert caught.value.code == "unexpected_response"


@pytest.mark.parametrize(
    "text", ["", "-5", "NaN", "inf", "1e3", "1.5", "soon", "٣", "²", "Mon, 99 Foo 2026", "--", "0x10"]
)
def test_a_retry_after_that_is_neither_number_nor_date_is_none(text: str) -> None:
    """The client pauses as without one."""
    assert retry_after_s({"retry-after": text}) is None


def test_a_retry_after_has_a_longest() -> None:
    """As a number of any length, and as a date; a date in the past is now."""
    now = datetime.now(UTC)
    assert retry_after_s({"retry-after": "9" * 5_000}) == 300
    assert retry_after_s({"retry-after": format_datetime(now + timedelta(days=900), usegmt=True)}) == 300
    assert retry_after_s({"retry-after": format_datetime(now - timedelta(days=900), usegmt=True)}) == 0
    assert 50 < (retry_after_s({"retry-after": format_datetime(now + timedelta(seconds=60), usegmt=True)}) or 0) <= 60


@given(st.text(max_size=80))
def test_any_retry_after_is_none_or_bounded(text: str) -> None:
    """Whatever a server or proxy writes."""
    seconds = retry_after_s({"retry-after": text})
    assert seconds is None or 0 <= seconds <= 300
