"""Ports of the local stack."""

import socket
from collections.abc import Iterator

import pytest

from referral_tools.stack.ports import PortTaken, cluster_ports, free_ports, refuse_taken, stack_ports
from referral_tools.system import CLUSTER_TABLE, FRONT_PORT


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as server:
        yield server.getsockname()[1]


def test_a_base_fixes_every_port() -> None:
    """Addresses can be remembered: Redis at +79, the broker at +92, its controller at +93."""
    ports = stack_ports(21_000)
    assert (ports.redis, ports.broker, ports.controller) == (21_079, 21_092, 21_093)


def test_a_base_fixes_every_port_of_a_cluster_and_none_is_used_twice() -> None:
    """Brokers and controllers from +92 to +97, nodes of Redis from +76 and +84."""
    ports = cluster_ports(21_000)
    assert [one.broker for one in ports.brokers] == [21_092, 21_094, 21_096]
    assert ports.redis[:6] == tuple(range(21_076, 21_082))
    used = [*ports.redis, *(port for one in ports.brokers for port in (one.broker, one.controller))]
    used += [21_000 + FRONT_PORT, *(21_000 + row.port for row in CLUSTER_TABLE)]
    assert len(set(used)) == len(used)


def test_a_taken_port_is_refused_by_number_with_the_remedy(taken: int) -> None:
    """Who starts a second stack learns which port is in the way and what to set."""
    with pytest.raises(PortTaken, match=rf"port {taken} is taken.*REFERRAL_PORT_BASE"):
        refuse_taken((taken,))


def test_a_base_whose_broker_port_is_taken_is_refused(taken: int) -> None:
    """It is said before anything starts, not by a broker that fails to bind."""
    with pytest.raises(PortTaken, match=str(taken)):
        stack_ports(taken - 92)


def test_free_ports_are_free_and_different() -> None:
    """Each can be listened on, all at once."""
    servers = [socket.create_server(("127.0.0.1", port)) for port in free_ports(5)]
    assert len({server.getsockname()[1] for server in servers}) == 5
    for server in servers:
        server.close()


def test_a_free_port_is_never_one_for_outgoing_connections() -> None:
    """A client that retries while the broker is away must not be given the broker's own port."""
    with socket.create_server(("127.0.0.1", 0)) as outgoing:
        assert outgoing.getsockname()[1] > 32_000, "this system gives outgoing connections lower ports than assumed"
    assert all(20_000 <= port < 32_000 for port in free_ports(100))
