"""The URL of a Redis Cluster: `redis-cluster://user:password@host:port,host:port`, with TLS `rediss-cluster://`."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

MAX_ADDRESSES = 100
_SCHEMES = {"redis-cluster": False, "rediss-cluster": True}
_MAX_PORT = 65_535
_ADDRESS = re.compile(r"(?:\[(?P<ip>[^\[\]@\s]+)\]|(?P<host>[^\[\]:@\s]+)):(?P<port>[0-9]{1,5})")


class Address(NamedTuple):
    """Host and port of a node."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ClusterUrl:
    """Where a client begins to look for the nodes of a cluster, and how it logs in to each. `database` is what follows a slash."""

    addresses: tuple[Address, ...]
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str = ""


def is_cluster_url(url: str) -> bool:
    """Whether a URL has a scheme of clusters."""
    return url.partition("://")[0] in _SCHEMES


def parse_cluster_url(url: str) -> ClusterUrl:
    """The parts of a URL. Raises ValueError, which says what is wrong without showing any part: it may be the password."""
    scheme, _, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    hosts, _, database = place.partition("/")
    if "?" in place or "#" in place:
        raise ValueError("the URL of a cluster has no parameters")
    user, password = _credentials(credentials) if at else ("", "")
    parts = hosts.split(",", MAX_ADDRESSES)
    if len(parts) > MAX_ADDRESSES:
        raise ValueError(f"more than {MAX_ADDRESSES} nodes; a few suffice, the others are found")
    addresses = tuple(_address(number, text) for number, text in enumerate(parts, start=1))
    return ClusterUrl(addresses, _SCHEMES[scheme], user or None, password or None, database)


def _credentials(text: str) -> tuple[str, str]:
    """User and password. They are the same for all nodes, so they are written once."""
    user, colon, password = text.partition(":")
    if not colon:
        raise ValueError("a password needs a colon before it: write user:password@ before the first host")
    if "@" in text:
        raise ValueError(
            "more than one @: write user:password@ once, before the first host, and an @ in a password as %40"
        )
    return unquote(user), unquote(password)


def _address(number: int, text: str) -> Address:
    """Node `number` of a URL; an IPv6 address is in brackets."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError(f"node {number} is not host:port")
    if not 0 < int(found["port"]) <= _MAX_PORT:
        raise ValueError(f"the port of node {number} is not from 1 to {_MAX_PORT}")
    return Address(found["host"] or found["ip"], int(found["port"]))
