"""Look-ups that find nothing cost the caller: limited per address, and bounded in the threads that they occupy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from threading import Event, Thread

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from referral.catalog.memory_follower import MemoryFollower
from referral.http.app import create_app
from referral.http.client_network import client_network
from referral.http.context import context
from referral.http.miss_guard import MissGuard
from referral.http.problems import Problem
from tests.support.settings import UNREACHABLE, api_key
from tests.support.waiting import wait_until

READER = api_key("reader", "read")
KNOWN = {"Authorization": "Bearer rk_reader"}
REVOKED = {"Authorization": "Bearer rk_former"}


class CountingFollower(MemoryFollower):
    """A complete catalog that counts how often it is read to its end."""

    reads = 0

    def read_to_end(self, timeout: float | None = None) -> None:
        """Counts."""
        self.reads += 1


@contextmanager
def service(miss_limit: str, **more: str) -> Iterator[tuple[Flask, CountingFollower]]:
    """A service whose catalog has one API key."""
    follower = CountingFollower([READER, api_key("former", "admin", revoked=True)])
    settings = replace(UNREACHABLE, miss_limit=miss_limit, **more)
    app = create_app("tiny", settings, title="Tiny", blueprints=[], follower=follower)
    yield app, follower
    app.extensions["referral"].close()


def _guess(app: Flask, number: int, **more: object) -> int:
    """200 if the look-up was made, otherwise the status of the problem."""
    with app.test_request_context("/", **more):  # type: ignore[arg-type] # arguments of werkzeug's EnvironBuilder
        try:
            context().catalog.code(f"GUESS{number}")
            context().catalog.program(f"prg_{number}")
        except Problem as problem:
            return problem.status
        return 200


def test_a_request_counts_as_one_miss_and_reads_nothing_beyond_the_limit() -> None:
    """However many look-ups it makes, it reads the catalog once; a refused guess does not wait for it."""
    with service("3/day") as (app, follower):
        assert [_guess(app, number) for number in range(6)] == [200, 200, 200, 429, 429, 429]
        assert follower.reads == 3


def test_a_known_key_is_limited_by_its_requests() -> None:
    """Also where requests are not limited otherwise: each look-up that finds nothing counts as one."""
    with service("1/day", rate_limit="2/day") as (app, _):
        assert [_guess(app, number, headers=KNOWN) for number in range(3)] == [200, 200, 429]


def test_addresses_are_limited_independently_and_known_keys_not_at_all() -> None:
    """A platform looks up people who are not enrolled yet; an unknown key is nobody's excuse."""
    with service("1/day") as (app, _):
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
            where = {"environ_base": {"REMOTE_ADDR": address}}
            assert [_guess(app, number, **where) for number in range(2)] == [200, 429]
        assert [_guess(app, number, headers=KNOWN) for number in range(3)] == [200, 200, 200]
        assert [_guess(app, number, headers=REVOKED) for number in range(2)] == [200, 429]
        stranger = {"environ_base": {"REMOTE_ADDR": "192.0.2.9"}}
        unknown_keys = [{"Authorization": f"Bearer rk_{number}"} for number in range(2)]
        assert [_guess(app, 0, headers=headers, **stranger) for headers in unknown_keys] == [200, 429]


def test_guesses_from_many_addresses_leave_threads_for_others() -> None:
    """Of four threads one waits for the catalog; the next guess is answered with 503 at once."""
    reading, finish = Event(), Event()

    class SlowFollower(MemoryFollower):
        """Reads until it is allowed to finish."""

        def read_to_end(self, timeout: float | None = None) -> None:
            """Waits."""
            reading.set()
            finish.wait(150)

    with service("1000/day") as (app, _):
        guard = MissGuard(SlowFollower(), app.extensions["referral"].limiter, threads=4)

        def refresh() -> None:
            with app.test_request_context("/"):
                guard.refresh()

        first = Thread(target=refresh)
        first.start()
        assert reading.wait(150)
        with app.test_request_context("/"), pytest.raises(Problem, match="not known yet") as busy:
            guard.refresh()
        assert (busy.value.status, busy.value.headers) == (503, {"Retry-After": "1"})
        finish.set()
        wait_until(lambda: not first.is_alive())
        refresh()


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_address_of_a_64_bit_network_is_the_same_client(network: int, one: int, other: int) -> None:
    """IPv6 is limited by /64, and two networks are two clients."""
    first, second = (str(IPv6Address(network << 64 | host)) for host in (one, other))
    if IPv6Address(first).ipv4_mapped is None and IPv6Address(second).ipv4_mapped is None:
        assert client_network(first) == client_network(second)
        assert IPv6Address(first) in IPv6Network(client_network(first))
    assert client_network(f"::{1 << 1}:0:0:0:1") != client_network("::1")


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_one_client_however_it_is_written(number: int) -> None:
    """Also as the IPv6 address that a socket for both versions reports."""
    address = str(IPv4Address(number))
    assert client_network(address) == client_network(f"::ffff:{address}") == address


@pytest.mark.parametrize("text", ["unknown", "", "fe80::1%eth0/", "a:b"])
def test_what_is_no_address_is_a_client_of_its_own(text: str) -> None:
    """A proxy may send anything."""
    assert client_network(text)[:3] == text[:3]
