"""Kafka and Redis together: started, checked, stopped in order; each may be killed and started again on its data."""

from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from referral.redis_acls import OPERATOR, acl_file
from referral_tools.private_files import write_private
from referral_tools.stack.archive import class_archive
from referral_tools.stack.jars import jars, require
from referral_tools.stack.kafka import KafkaBroker
from referral_tools.stack.ports import stack_ports
from referral_tools.stack.process import Process
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity

_START_TIMEOUT_S = 60


class Stack:
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
        self._broker = self._kafka(jars(var.resolve()))
        self.kafka = f"127.0.0.1:{self._ports.broker}"
        self.redis = self._redis_url(OPERATOR)
        self.kafka_process = self._broker.process()
        self.redis_process = self._redis()

    def start(self) -> Self:
        """Starts both at once, returns when both respond. Raises ProcessUnhealthy with the end of the log that shows why."""
        try:
            self._broker.format()
            self.redis_process.start()
            self.kafka_process.start()
            self._await_redis()
            self._await_kafka()
        except BaseException:
            self.stop()
            raise
        return self

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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _kafka(self, libs: Path) -> KafkaBroker:
        archive = class_archive(libs)
        use = (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off")
        options = use if archive.stat().st_size else ()
        return KafkaBroker(libs, self.home, self._ports, options, self.security)

    def _redis_url(self, user: str) -> str:
        address = f"127.0.0.1:{self._ports.redis}/0"
        return (
            f"redis://{address}"
            if self.security is None
            else f"rediss://{user}:{self.security.redis_users[user]}@{address}"
        )

    def _redis(self) -> Process:
        data = self.home / "redis"
        data.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            **self._redis_listener(),
            "dir": str(data),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "databases": "64",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        command = [require("redis-server", "redis-server"), *options]
        return Process("redis", command, self.home / "logs" / "redis.log")

    def _redis_listener(self) -> dict[str, str]:
        """Redis' settings of port, TLS and users."""
        if self.security is None:
            return {"port": str(self._ports.redis)}
        users = self.home / "redis.acl"
        write_private(users, acl_file({user: f">{secret}" for user, secret in self.security.redis_users.items()}))
        return {
            "port": "0",
            "tls-port": str(self._ports.redis),
            "tls-cert-file": str(self.security.certificate),
            "tls-key-file": str(self.security.key),
            "tls-ca-cert-file": str(self.security.ca),
            "tls-auth-clients": "no",
            "aclfile": str(users),
        }

    def _await_kafka(self) -> None:
        self.kafka_process.wait_healthy(self._broker.answers, _START_TIMEOUT_S)

    def _await_redis(self) -> None:
        self.redis_process.wait_healthy(self._redis_answers, _START_TIMEOUT_S)

    def _redis_answers(self) -> bool:
        try:
            ca = {} if self.security is None else {"ssl_ca_certs": str(self.security.ca)}
            with Redis.from_url(self.redis, socket_timeout=1, **ca) as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False
