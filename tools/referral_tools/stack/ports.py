"""Ports: fixed ones from a base, so that one can remember them, or free ones, so that stacks live side by side."""

import errno
import random
import socket
from dataclasses import dataclass

# Below the range for outgoing connections (Linux: 32768 up): otherwise a client that reconnects again and again while the
# broker is away gets the broker's own port one day, talks to itself, and the broker cannot come back.
FREE_PORTS = range(20_000, 32_000)

BROKERS = 3
REDIS_NODES = 6
"""Of a local cluster: three masters, each with a replica."""


class PortTaken(Exception):
    """Another process listens there already."""


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """Where a broker and its controller listen."""

    broker: int
    controller: int


@dataclass(frozen=True, slots=True)
class StackPorts:
    """Where broker, its controller and Redis listen."""

    redis: int
    broker: int
    controller: int

    @property
    def kafka(self) -> BrokerPorts:
        """The ports of the broker and its controller."""
        return BrokerPorts(self.broker, self.controller)


@dataclass(frozen=True, slots=True)
class ClusterPorts:
    """Where several brokers and the nodes of a Redis Cluster listen: of Redis first the ports for clients, then for nodes."""

    brokers: tuple[BrokerPorts, ...]
    redis: tuple[int, ...]


def stack_ports(base: int | None) -> StackPorts:
    """The stack's ports: base+79, +92 and +93, or any free ones without a base. Raises PortTaken."""
    if base is None:
        return StackPorts(*free_ports(3))
    ports = StackPorts(base + 79, base + 92, base + 93)
    refuse_taken((ports.redis, ports.broker, ports.controller))
    return ports


def cluster_ports(base: int | None) -> ClusterPorts:
    """A cluster's ports, or any free ones without a base. Raises PortTaken.

    Brokers and their controllers in turn from base+92 to +97; nodes of Redis from base+76 to +81 for clients, from +84 to +89 for
    each other.
    """
    if base is None:
        return _cluster_ports(free_ports(2 * BROKERS + 2 * REDIS_NODES))
    kafka, clients, nodes = range(92, 98), range(76, 82), range(84, 90)
    ports = [base + number for number in (*kafka, *clients, *nodes)]
    refuse_taken(tuple(ports))
    return _cluster_ports(ports)


def _cluster_ports(ports: list[int]) -> ClusterPorts:
    kafka, redis = ports[: 2 * BROKERS], ports[2 * BROKERS :]
    return ClusterPorts(
        tuple(BrokerPorts(*pair) for pair in zip(kafka[::2], kafka[1::2], strict=True)),
        tuple(redis),
    )


def refuse_taken(ports: tuple[int, ...]) -> None:
    """Raises PortTaken for the first port in use."""
    for port in ports:
        if not _is_free(port):
            remedy = "stop the process that listens there, or set REFERRAL_PORT_BASE to another base, for example 18000"
            raise PortTaken(f"port {port} is taken: {remedy}")


def free_ports(count: int) -> list[int]:
    """This many different free ports, picked at random, so that several callers at once rarely collide."""
    candidates = random.SystemRandom().sample(FREE_PORTS, len(FREE_PORTS))
    free = (port for port in candidates if _is_free(port))
    return [port for port, _ in zip(free, range(count), strict=False)]


def _is_free(port: int) -> bool:
    """Whether one may listen there. Connections that linger after their end do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as refused:
            if refused.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
