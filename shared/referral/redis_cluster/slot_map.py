"""Which master serves each slot, as a node of the cluster reported it. Pure, except that single slots may be corrected."""

from collections.abc import Iterable, Sequence
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from referral.redis_cluster.cluster_url import Address


class SlotMap:
    """The masters by slot, and all nodes."""

    def __init__(self, owners: list[Address | None], replicas: Iterable[Address] = ()) -> None:
        self._owners = owners
        self._replicas = tuple(dict.fromkeys(replicas))

    @classmethod
    def parse(cls, reply: Sequence[Sequence[Any]], reporter: Address) -> "SlotMap":
        """The map in a reply of CLUSTER SLOTS. A node without a host has that of the node that reported it."""
        owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        replicas: list[Address] = []
        for first, last, master, *others in reply:
            owners[first : last + 1] = [_node(master, reporter)] * (last + 1 - first)
            replicas += [_node(one, reporter) for one in others]
        return cls(owners, replicas)

    def owner(self, slot: int) -> Address | None:
        """The master of a slot; None if no node serves it."""
        return self._owners[slot]

    def move(self, slot: int, owner: Address) -> None:
        """Corrects the master of one slot."""
        self._owners[slot] = owner

    def is_complete(self) -> bool:
        """Whether every slot has a master."""
        return None not in self._owners

    def masters(self) -> list[Address]:
        """The masters that serve slots."""
        return [one for one in dict.fromkeys(self._owners) if one is not None]

    def nodes(self) -> list[Address]:
        """All nodes, the masters first."""
        return list(dict.fromkeys((*self.masters(), *self._replicas)))


def reported_address(host: str, port: int, reporter: Address) -> Address:
    """The address of a node as another node reports it: the host is empty, or `?`, if it is that of the reporter, or not known."""
    return Address(reporter.host if host in ("", "?") else host, port)


def _node(node: Sequence[Any], reporter: Address) -> Address:
    """A node of the reply: host, port, id, and more."""
    return reported_address((node[0] or b"").decode(), int(node[1]), reporter)
