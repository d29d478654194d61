"""A Redis Cluster on this machine: three masters with a replica each, which may be killed, and between which slots move."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from redis.crc import key_slot

from referral.redis_acls import OPERATOR
from referral_tools.stack.ports import REDIS_NODES, free_ports
from referral_tools.stack.process import ProcessUnhealthy
from referral_tools.stack.redis_cluster_creation import are_introduced, attach, introduce
from referral_tools.stack.redis_cluster_node import ClusterNode
from referral_tools.stack.redis_slot_move import SlotMove
from referral_tools.stack.security import StackSecurity
from referral_tools.stack.startable import Startable

NODES = REDIS_NODES
MASTERS = NODES // 2
PORTS = 2 * NODES
"""How many ports a cluster needs: one of each node for clients, and one for the other nodes."""
_START_TIMEOUT_S = 60


class LocalRedisCluster(Startable):
    """Six nodes with their data under `home`; a cluster that was created there before continues with it.

    The first half of `nodes` are masters at the beginning, the others their replicas, in the same order.
    """

    def __init__(self, home: Path, ports: Sequence[int] | None = None, security: StackSecurity | None = None) -> None:
        self._security = security
        chosen = free_ports(PORTS) if ports is None else ports
        pairs = zip(chosen[:NODES], chosen[NODES:], strict=True)
        self.nodes = [
            ClusterNode(f"redis-{number}", home.resolve(), port, bus_port, security)
            for number, (port, bus_port) in enumerate(pairs, start=1)
        ]
        self.url = self.url_of(OPERATOR)

    def url_of(self, user: str) -> str:
        """The value of REFERRAL_REDIS for a user; the user matters only with `security`."""
        addresses = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        if self._security is None:
            return f"redis-cluster://{addresses}"
        return f"rediss-cluster://{user}:{self._security.redis_users[user]}@{addresses}"

    def _start(self) -> None:
        """Starts all nodes, and returns when the cluster serves every slot and every master has a replica."""
        known = all(node.has_joined() for node in self.nodes)
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.await_answer(_START_TIMEOUT_S)
        if not known:
            self._create()
        self.await_complete()

    def stop(self) -> None:
        """Stops all nodes."""
        for node in self.nodes:
            node.stop()

    def master_of(self, slot: int) -> ClusterNode:
        """The node that serves a slot, as most of the living nodes see it."""
        owners = [node.view().owners()[slot] for node in self._alive()]
        return self._by_port(max(owners, key=owners.count))

    def master_of_key(self, key: str) -> ClusterNode:
        """The node that serves the slot of a key."""
        return self.master_of(self.slot_of(key))

    def slot_of(self, key: str) -> int:
        """The slot of a key; keys with the same text in braces have the same."""
        return key_slot(key.encode())

    def other_master(self, node: ClusterNode) -> ClusterNode:
        """Another living master, e.g. as the target of a move."""
        return next(other for other in self._alive() if other is not node and other.is_master())

    def replica_of(self, master: ClusterNode) -> ClusterNode:
        """A living replica of a living master. Raises StopIteration without one."""
        replicas = map(self._by_port, master.view().replicas(master.port))
        return next(node for node in replicas if node.alive)

    def kill(self, node: ClusterNode) -> None:
        """Ends a node by SIGKILL. If it is a master, its replica takes over within about twice the time-out of nodes."""
        node.process.kill()

    def start_again(self, node: ClusterNode) -> None:
        """Starts a node on its data: it returns as a replica if another node has taken over."""
        node.start()
        node.await_answer(_START_TIMEOUT_S)

    def await_served(self, timeout: float = _START_TIMEOUT_S) -> None:
        """Returns when all living nodes agree on living masters for every slot. Raises ProcessUnhealthy."""
        self._await(self._is_served, "does not serve all slots", timeout)

    def await_complete(self, timeout: float = _START_TIMEOUT_S) -> None:
        """The same, and every master has a replica that has its data. Raises ProcessUnhealthy."""
        self._await(self._is_complete, "has masters without a replica", timeout)

    def slot_move(self, slot: int, target: ClusterNode) -> SlotMove:
        """A move of a slot to another master, to be run step by step."""
        return SlotMove(slot, self.master_of(slot), target, self._alive(), self._security)

    def move_of_key(self, key: str) -> SlotMove:
        """A move of the slot of a key to another master than its own."""
        return self.slot_move(self.slot_of(key), self.other_master(self.master_of_key(key)))

    def move_slot(self, slot: int, target: ClusterNode) -> None:
        """Moves a slot with its keys to another master while clients use them."""
        self.slot_move(slot, target).run()

    def _create(self) -> None:
        masters, replicas = self.nodes[:MASTERS], self.nodes[MASTERS:]
        introduce(masters, replicas)
        self._await(lambda: are_introduced(self.nodes), "has nodes that do not know all others", _START_TIMEOUT_S)
        attach(masters, replicas)

    def _is_served(self) -> bool:
        alive = self._alive()
        if not all(node.serves() for node in alive):
            return False
        owners = [node.view().owners() for node in alive]
        return all(one == owners[0] for one in owners) and set(owners[0].values()) <= {node.port for node in alive}

    def _is_complete(self) -> bool:
        return self._is_served() and all(self._has_replicas(node) for node in self.nodes)

    def _has_replicas(self, node: ClusterNode) -> bool:
        """Whether a node knows a replica of every master, and each has its master's data."""
        view = node.view()
        found = [port for master in set(view.owners().values()) for port in view.replicas(master)]
        return len(found) == NODES - MASTERS and all(self._by_port(port).has_copy() for port in found)

    def _await(self, condition: Callable[[], bool], what: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise ProcessUnhealthy(
                    f"the Redis cluster {what} after {timeout:g} s; logs: {self.nodes[0].process.log}"
                )
            time.sleep(0.05)

    def _alive(self) -> list[ClusterNode]:
        return [node for node in self.nodes if node.alive]

    def _by_port(self, port: int) -> ClusterNode:
        return next(node for node in self.nodes if node.port == port)
