"""Several Kafka brokers on this machine that replicate to each other: each may be killed and started again on its data."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from referral_tools.stack.archive import archive_options
from referral_tools.stack.jars import jars
from referral_tools.stack.kafka import KafkaBroker
from referral_tools.stack.ports import BROKERS, BrokerPorts, free_ports
from referral_tools.stack.process import Process
from referral_tools.stack.startable import Startable

_START_TIMEOUT_S = 120
_GRACE_S = 15


class LocalKafkaCluster(Startable):
    """Brokers with the numbers 1, 2, 3, without TLS and passwords; each is also a controller, so two of three must be running."""

    def __init__(self, home: Path, ports: Sequence[BrokerPorts] | None = None, var: Path = Path("var")) -> None:
        chosen = ports or [BrokerPorts(*free_ports(2)) for _ in range(BROKERS)]
        libs = jars(var.resolve())
        options = archive_options(libs)
        self._brokers = [
            KafkaBroker(libs, home.resolve(), chosen, options, number=number) for number in range(1, len(chosen) + 1)
        ]
        self.servers = ",".join(broker.address for broker in self._brokers)
        self.processes: tuple[Process, ...] = tuple(broker.process() for broker in self._brokers)

    def _start(self) -> None:
        """Starts those that are not running, returns when all respond."""
        with ThreadPoolExecutor(len(self._brokers)) as threads:
            list(threads.map(KafkaBroker.format, self._brokers))
        self.begin_start()
        self.await_started()

    def begin_start(self) -> None:
        """Starts those that are not running, returns at once."""
        for process in self.processes:
            if not process.alive:
                process.start()

    def await_started(self) -> None:
        """Returns when all brokers take part in the cluster. Raises ProcessUnhealthy."""
        for broker, process in zip(self._brokers, self.processes, strict=True):
            process.wait_healthy(broker.answers, _START_TIMEOUT_S)

    def kill(self, number: int) -> None:
        """Ends a broker by SIGKILL. Others lead its partitions once its session has timed out."""
        self.processes[number - 1].kill()

    def stop(self) -> None:
        """Stops the brokers, all at once: the last cannot hand over what it leads."""
        for process in self.processes:
            process.request_end()
        for process in self.processes:
            process.terminate(_GRACE_S)
