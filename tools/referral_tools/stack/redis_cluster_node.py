"""A node of a local Redis Cluster."""

from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from referral.redis_acls import OPERATOR
from referral_tools.stack.process import Process
from referral_tools.stack.redis_cluster_view import ClusterView
from referral_tools.stack.redis_server import operator_client, redis_answers, redis_process
from referral_tools.stack.security import StackSecurity

NODE_TIMEOUT_MS = 2_000
"""For how long a node does not respond before the others regard it as failed."""


class ClusterNode:
    """A node: a process, and a client for commands of administration."""

    def __init__(self, name: str, home: Path, port: int, bus_port: int, security: StackSecurity | None) -> None:
        self.port = port
        self.bus_port = bus_port
        self.process: Process = redis_process(name, home, port, security, _options(bus_port, security))
        self.client: Redis = operator_client(port, security)
        self._file = home / name / "nodes.conf"

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process.alive

    def has_joined(self) -> bool:
        """Whether its data has a cluster that it belonged to."""
        return self._file.exists() and len(self._file.read_text().splitlines()) > 2

    def start(self) -> None:
        """Starts the process; returns at once."""
        self.process.start()

    def stop(self) -> None:
        """Closes the client and stops the process."""
        self.client.close()
        self.process.terminate()

    def await_answer(self, timeout: float) -> None:
        """Returns when the node responds. Raises ProcessUnhealthy."""
        self.process.wait_healthy(lambda: redis_answers(self.client), timeout)

    def view(self) -> ClusterView:
        """The cluster as the node sees it. Raises RedisError."""
        return ClusterView(self.client.execute_command("CLUSTER NODES"))  # type: ignore[no-untyped-call]

    def serves(self) -> bool:
        """Whether it responds and regards every slot as served."""
        try:
            info = self.client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
        except RedisError:
            return False
        return bool(info["cluster_state"] == "ok")

    def is_master(self) -> bool:
        """Whether it is a master at present. Raises RedisError."""
        return bool(self.client.info("replication")["role"] == "master")

    def has_copy(self) -> bool:
        """Whether it is a replica that is connected to its master and has its data. Raises RedisError."""
        return self.client.info("replication").get("master_link_status") == "up"


def _options(bus_port: int, security: StackSecurity | None) -> dict[str, str]:
    """The settings of a node beside those of a server. A replica takes over however old its data is."""
    options = {
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-port": str(bus_port),
        "cluster-announce-ip": "127.0.0.1",
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
        "cluster-replica-validity-factor": "0",
        "repl-diskless-sync-delay": "0",
    }
    if security is None:
        return options
    password = security.redis_users[OPERATOR]
    return options | {"tls-cluster": "yes", "tls-replication": "yes", "masteruser": OPERATOR, "masterauth": password}
