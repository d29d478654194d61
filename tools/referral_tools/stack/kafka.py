"""A Kafka broker as a child process: KRaft, one node that is broker and controller, its data in one folder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient

from referral_tools.private_files import write_private
from referral_tools.stack.jars import require
from referral_tools.stack.ports import StackPorts
from referral_tools.stack.process import Process, ProcessUnhealthy
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity

_HERE = Path(__file__).parent
_HEAP = ("-Xmx512m", "-Xms256m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
_CLUSTER_ID = "cmVmZXJyYWwtZ3Jvd3RoLg"  # any 16 bytes, base64url

# A killed broker may register again only when its last session has timed out: by default 9 s, too long for tests.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners={protocol}://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={protocol}://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
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
_OPEN = "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
# The controller listens on the loopback interface only, with a password of its own: SCRAM users are stored in what it controls.
_SECURED = """\
listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram} username="admin" password="{password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram};
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} username="admin" password="{password}" user_admin="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
allow.everyone.if.no.acl.found=false
"""
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class KafkaBroker:
    """Makes broker processes over the same data folder and ports. `options` are further ones of the JVM.

    With `security`, clients connect with TLS and a password, and need ACLs; without, to a listener that is open to this machine.
    """

    def __init__(
        self,
        libs: Path,
        home: Path,
        ports: StackPorts,
        options: Sequence[str] = (),
        security: StackSecurity | None = None,
    ) -> None:
        self._libs = libs
        self._home = home
        self._ports = ports
        self._options = options
        self._security = security

    def format(self) -> None:
        """Writes the configuration, and prepares the data folder where that is not done."""
        data = self._home / "kafka"
        data.mkdir(parents=True, exist_ok=True)
        properties = self._home / "server.properties"
        write_private(properties, self._properties(data))
        if not (data / "meta.properties").exists():
            options = ("--standalone", "-t", _CLUSTER_ID, "-c", str(properties), *self._scram_users())
            self._run_tool("kafka.tools.StorageTool", "format", *options)

    def process(self) -> Process:
        """The broker's process, not started."""
        main = ["kafka.Kafka", str(self._home / "server.properties")]
        return Process("kafka", [*self._java(*_HEAP, *self._options), *main], self._home / "logs" / "kafka.log")

    def answers(self) -> bool:
        """Whether the broker answers a request for its topics."""
        try:
            client = KafkaAdminClient(
                bootstrap_servers=f"127.0.0.1:{self._ports.broker}",
                request_timeout_ms=2000,
                bootstrap_timeout_ms=1000,
                **self._client_options(),
            )
            try:
                client.list_topics()
            finally:
                client.close()
        except Exception:  # noqa: BLE001 - any error means not yet; the caller's deadline decides
            return False
        return True

    def _properties(self, data: Path) -> str:
        """The broker's configuration."""
        protocol = "PLAINTEXT" if self._security is None else "SASL_SSL"
        common = _PROPERTIES.format(
            protocol=protocol, broker=self._ports.broker, controller=self._ports.controller, data=data.resolve()
        )
        if self._security is None:
            return common + _OPEN
        return common + _SECURED.format(
            scram=_SCRAM_MODULE,
            plain=_PLAIN_MODULE,
            password=self._security.kafka_users[KAFKA_ADMIN],
            keystore=self._security.keystore,
            ca=self._security.ca,
        )

    def _scram_users(self) -> list[str]:
        """The options that make the storage contain the users, each with a credential of both mechanisms."""
        users = self._security.kafka_users if self._security is not None else {}
        return [
            option
            for name, password in users.items()
            for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256")
            for option in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]

    def _client_options(self) -> dict[str, Any]:
        if self._security is None:
            return {}
        return {
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self._security.ca),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": KAFKA_ADMIN,
            "sasl_plain_password": self._security.kafka_users[KAFKA_ADMIN],
        }

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
