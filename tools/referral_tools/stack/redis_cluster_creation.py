"""How six empty nodes become a Redis Cluster: slots, acquaintance, and then a replica for each master."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from referral_tools.stack.redis_cluster_node import ClusterNode


def introduce(masters: Sequence[ClusterNode], replicas: Sequence[ClusterNode]) -> None:
    """Gives the slots to the masters, and makes all nodes known to each other; that takes a moment after the return."""
    nodes = [*masters, *replicas]
    for master, (first, last) in zip(masters, _slot_ranges(len(masters)), strict=True):
        master.client.cluster("ADDSLOTSRANGE", first, last)
    for epoch, node in enumerate(nodes, start=1):
        node.client.cluster("SET-CONFIG-EPOCH", epoch)
    for one, other in combinations(nodes, 2):
        one.client.cluster("MEET", "127.0.0.1", other.port, other.bus_port)


def are_introduced(nodes: Sequence[ClusterNode]) -> bool:
    """Whether every node knows all others."""
    ports = {node.port for node in nodes}
    return all(node.view().connected_ports() == ports for node in nodes)


def attach(masters: Sequence[ClusterNode], replicas: Sequence[ClusterNode]) -> None:
    """Makes each replica one of the master at the same place."""
    for master, replica in zip(masters, replicas, strict=True):
        replica.client.cluster("REPLICATE", master.view().own_id())


def _slot_ranges(masters: int) -> Iterator[tuple[int, int]]:
    """The first and last slot of each master."""
    bounds = [REDIS_CLUSTER_HASH_SLOTS * number // masters for number in range(masters + 1)]
    return ((first, end - 1) for first, end in pairwise(bounds))
