"""A Kafka broker as a child process: KRaft, one node that is broker and controller, its data in one folder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kafka import KafkaAdminClient

from referral_tools.stack.jars import require
from referral_tools.stack.ports import StackPorts
from referral_tools.stack.process import Process, ProcessUnhealthy

_HERE = Path(__file__).parent
_HEAP = ("-Xmx512m", "-Xms256m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
_CLUSTER_ID = "cmVmZXJyYWwtZ3Jvd3RoLg"  # any 16 bytes, base64url

# A killed broker may register again only when its last session has timed out: by default 9 s, too long for tests.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=8
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.retention.check.interval.ms=300000
"""


class KafkaBroker:
    """Makes broker processes over the same data folder and ports. `options` are further ones of the JVM."""

    def __init__(self, libs: Path, home: Path, ports: StackPorts, options: Sequence[str] = ()) -> None:
        self._libs = libs
        self._home = home
        self._ports = ports
        self._options = options

    def format(self) -> None:
        """Writes the configuration, and prepares the data folder where that is not done."""
        data = self._home / "kafka"
        data.mkdir(parents=True, exist_ok=True)
        properties = self._home / "server.properties"
        properties.write_text(
            _PROPERTIES.format(broker=self._ports.broker, controller=self._ports.controller, data=data.resolve())
        )
        if not (data / "meta.properties").exists():
            options = ("--standalone", "-t", _CLUSTER_ID, "-c", str(properties))
            self._run_tool("kafka.tools.StorageTool", "format", *options)

    def process(self) -> Process:
        """The broker's process, not started."""
        main = ["kafka.Kafka", str(self._home / "server.properties")]
        return Process("kafka", [*self._java(*_HEAP, *self._options), *main], self._home / "logs" / "kafka.log")

    def answers(self) -> bool:
        """Whether the broker answers a request for its topics."""
        try:
            client = KafkaAdminClient(
                bootstrap_servers=f"127.0.0.1:{self._ports.broker}", request_timeout_ms=2000, bootstrap_timeout_ms=1000
            )
            try:
                client.list_topics()
            finally:
                client.close()
        except Exception:  # noqa: BLE001 - any error means not yet; the caller's deadline decides
            return False
        return True

    def _java(self, *options: str) -> list[str]:
        """A JVM with Kafka's jars."""
        return [
            require("java", "default-jre-headless"),
            *options,
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
            "-cp",
            f"{self._libs}/*",
        ]

    def _run_tool(self, *command: str) -> None:
        # The broker's own heap and collector: with others the JVM could not use the archive of its classes.
        java = self._java(*_HEAP, "-XX:TieredStopAtLevel=1", *self._options)
        done = subprocess.run([*java, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProcessUnhealthy(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
