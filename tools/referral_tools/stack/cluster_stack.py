"""Three Kafka brokers and a Redis Cluster of six nodes together, as `Stack` is one of each."""

from pathlib import Path

from referral.redis_acls import OPERATOR
from referral_tools.stack.kafka_cluster import LocalKafkaCluster
from referral_tools.stack.ports import BROKERS, cluster_ports
from referral_tools.stack.process import Process
from referral_tools.stack.redis_cluster import LocalRedisCluster
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity
from referral_tools.stack.startable import Startable


class ClusterStack(Startable):
    """The brokers and the Redis Cluster of one system, with their data under `home`.

    It has neither TLS nor passwords, so it is for development and tests.
    """

    security: StackSecurity | None = None

    def __init__(self, home: Path, port_base: int | None = None, var: Path = Path("var")) -> None:
        self.home = home.resolve()
        ports = cluster_ports(port_base)
        self.brokers = LocalKafkaCluster(self.home, ports.brokers, var)
        self.redis_cluster = LocalRedisCluster(self.home, ports.redis)
        self.kafka = self.brokers.servers
        self.redis = self.redis_cluster.url

    def _start(self) -> None:
        """Starts all, returns when all respond."""
        self.redis_cluster.start()
        self.brokers.start()

    def environ(self, kafka_user: str = KAFKA_ADMIN, redis_user: str = OPERATOR) -> dict[str, str]:
        """The REFERRAL_* variables of a process; the users matter only to a stack with security."""
        return {"REFERRAL_KAFKA": self.kafka, "REFERRAL_REDIS": self.redis, "REFERRAL_REPLICATION": str(BROKERS)}

    @property
    def processes(self) -> tuple[Process, ...]:
        """The processes of Kafka and Redis."""
        return *self.brokers.processes, *(node.process for node in self.redis_cluster.nodes)

    def stop(self) -> None:
        """Stops the brokers, then Redis."""
        self.brokers.stop()
        self.redis_cluster.stop()
