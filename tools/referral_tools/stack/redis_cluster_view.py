"""A Redis Cluster as one of its nodes sees it."""

from collections.abc import Mapping
from typing import Any


class ClusterView:
    """The reply of CLUSTER NODES, as redis-py reads it. Nodes are named by their ports."""

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        self._nodes = {int(address.rpartition(":")[2]): node for address, node in nodes.items()}

    def own_id(self) -> str:
        """The id of the node itself."""
        return next(str(node["node_id"]) for node in self._nodes.values() if "myself" in node["flags"])

    def connected_ports(self) -> set[int]:
        """The nodes that it knows and is connected to."""
        return {port for port, node in self._nodes.items() if node["connected"] and "handshake" not in node["flags"]}

    def owners(self) -> dict[int, int]:
        """The master of each slot."""
        return {
            slot: port
            for port, node in self._nodes.items()
            for bounds in node["slots"]
            for slot in range(int(bounds[0]), int(bounds[-1]) + 1)
        }

    def replicas(self, master: int) -> list[int]:
        """The replicas of a master."""
        id = self._nodes[master]["node_id"]
        return [port for port, node in self._nodes.items() if node["master_id"] == id]
