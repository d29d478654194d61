"""A Kafka broker as a child process: KRaft, a node that is broker and controller, its data in one folder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient

from referral_tools.private_files import write_private
from referral_tools.stack.jars import require
from referral_tools.stack.kafka_properties import broker_properties
from referral_tools.stack.ports import BrokerPorts
from referral_tools.stack.process import Process, ProcessUnhealthy
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity

_HERE = Path(__file__).parent
_HEAP = ("-Xmx512m", "-Xms48m")
_HEAP_OF_SEVERAL = ("-Xmx256m", "-Xms48m")
_COLLECTOR = ("-XX:+UseSerialGC", "-XX:NewSize=20m", "-XX:MaxNewSize=20m", "-XX:TieredStopAtLevel=1")
# What the JVM holds outside its heap: the archive of classes stays shared with its file, which at a random address it would
# rewrite in memory; and what its compilers have freed goes back to the system every ten seconds. An older JVM ignores these.
_NATIVE_MEMORY = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:+UnlockExperimentalVMOptions",
    "-XX:ArchiveRelocationMode=0",
    "-XX:TrimNativeHeapInterval=10000",
)
_CLUSTER_ID = "cmVmZXJyYWwtZ3Jvd3RoLg"  # any 16 bytes, base64url


class KafkaBroker:
    """Makes processes of broker `number` (from 1) of those that listen on the ports of `quorum`, over the same data folder.

    `options` are further ones of the JVM. With `security`, clients connect with TLS and a password, and need ACLs; without, to a
    listener that is open to this machine.
    """

    def __init__(
        self,
        libs: Path,
        home: Path,
        quorum: Sequence[BrokerPorts],
        options: Sequence[str] = (),
        security: StackSecurity | None = None,
        number: int = 1,
    ) -> None:
        self._libs = libs
        self._home = home
        self._quorum = quorum
        self._number = number
        self._name = "kafka" if len(quorum) == 1 else f"kafka-{number}"
        self._heap = (*(_HEAP if len(quorum) == 1 else _HEAP_OF_SEVERAL), *_COLLECTOR)
        self.address = f"127.0.0.1:{quorum[number - 1].broker}"
        self._properties = home / ("server.properties" if len(quorum) == 1 else f"server-{number}.properties")
        self._options = options
        self._security = security

    def format(self) -> None:
        """Writes the configuration, and prepares the data folder where that is not done."""
        data = self._home / self._name
        data.mkdir(parents=True, exist_ok=True)
        write_private(self._properties, broker_properties(self._number, self._quorum, data, self._security))
        if not (data / "meta.properties").exists():
            alone = ("--standalone",) if len(self._quorum) == 1 else ()
            options = (*alone, "-t", _CLUSTER_ID, "-c", str(self._properties), *self._scram_users())
            self._run_tool("kafka.tools.StorageTool", "format", *options)

    def process(self) -> Process:
        """The broker's process, not started."""
        command = [*self._java(*self._heap, *_NATIVE_MEMORY, *self._options), "kafka.Kafka", str(self._properties)]
        return Process(self._name, command, self._home / "logs" / f"{self._name}.log")

    def answers(self) -> bool:
        """Whether the broker answers and takes part in its cluster."""
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self.address,
                request_timeout_ms=2000,
                bootstrap_timeout_ms=1000,
                **self._client_options(),
            )
            try:
                brokers = client.describe_cluster()["brokers"]
                return any(one["broker_id"] == self._number and not one["is_fenced"] for one in brokers)
            finally:
                client.close()
        except Exception:  # noqa: BLE001 - any error means not yet; the caller's deadline decides
            return False

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
        java = self._java(*self._heap, "-XX:TieredStopAtLevel=1", *self._options)
        done = subprocess.run([*java, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProcessUnhealthy(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
