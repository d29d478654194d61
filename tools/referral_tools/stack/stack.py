"""Kafka and Redis together: started, checked, stopped in order; each may be killed and started again on its data."""

from pathlib import Path

from referral.redis_acls import OPERATOR
from referral_tools.stack.archive import archive_options
from referral_tools.stack.jars import jars
from referral_tools.stack.kafka import KafkaBroker
from referral_tools.stack.ports import stack_ports
from referral_tools.stack.process import Process
from referral_tools.stack.redis_server import operator_client, redis_answers, redis_process
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity
from referral_tools.stack.startable import Startable

_START_TIMEOUT_S = 60


class Stack(Startable):
    """The broker and Redis of one system, with their data under `home`. `var` holds what stacks share (the jars).

    With `security` both require TLS and passwords.
    """

    def __init__(
        self,
        home: Path,
        port_base: int | None = None,
        var: Path = Path("var"),
        security: StackSecurity | None = None,
    ) -> None:
        self.home = home.resolve()
        self.security = security
        self._ports = stack_ports(port_base)
        libs = jars(var.resolve())
        self._broker = KafkaBroker(libs, self.home, [self._ports.kafka], archive_options(libs), security)
        self.kafka = f"127.0.0.1:{self._ports.broker}"
        self.redis = self._redis_url(OPERATOR)
        self.kafka_process = self._broker.process()
        self.redis_process = redis_process("redis", self.home, self._ports.redis, security, {"databases": "64"})
        self._redis_client = operator_client(self._ports.redis, security)

    def _start(self) -> None:
        """Starts both at once, returns when both respond."""
        self._broker.format()
        self.redis_process.start()
        self.kafka_process.start()
        self._await_redis()
        self._await_kafka()

    def environ(self, kafka_user: str = KAFKA_ADMIN, redis_user: str = OPERATOR) -> dict[str, str]:
        """The REFERRAL_* variables of a process that connects as these users; they matter only with `security`."""
        addresses = {"REFERRAL_KAFKA": self.kafka, "REFERRAL_REDIS": self._redis_url(redis_user)}
        if self.security is None:
            return addresses
        return addresses | {
            "REFERRAL_KAFKA_SECURITY": "sasl_ssl",
            "REFERRAL_KAFKA_USER": kafka_user,
            "REFERRAL_KAFKA_PASSWORD": self.security.kafka_users[kafka_user],
            "REFERRAL_KAFKA_CA": str(self.security.ca),
            "REFERRAL_REDIS_CA": str(self.security.ca),
        }

    @property
    def processes(self) -> tuple[Process, ...]:
        """The processes of Kafka and Redis."""
        return self.kafka_process, self.redis_process

    def stop(self) -> None:
        """Stops the broker, then Redis."""
        self.kafka_process.terminate(grace=15)
        self.redis_process.terminate()

    def start_kafka(self) -> None:
        """Starts the broker again on the same data and port."""
        self.kafka_process.start()
        self._await_kafka()

    def start_redis(self) -> None:
        """Starts Redis again on the same data and port."""
        self.redis_process.start()
        self._await_redis()

    def _redis_url(self, user: str) -> str:
        address = f"127.0.0.1:{self._ports.redis}/0"
        return (
            f"redis://{address}"
            if self.security is None
            else f"rediss://{user}:{self.security.redis_users[user]}@{address}"
        )

    def _await_kafka(self) -> None:
        self.kafka_process.wait_healthy(self._broker.answers, _START_TIMEOUT_S)

    def _await_redis(self) -> None:
        self.redis_process.wait_healthy(lambda: redis_answers(self._redis_client), _START_TIMEOUT_S)
