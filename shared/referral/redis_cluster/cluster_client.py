"""A client of a Redis Cluster with the interface of redis-py's client of one server, as far as this system uses it."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from redis import Connection, ConnectionPool, Redis, SSLConnection
from redis.backoff import NoBackoff
from redis.commands.core import CoreCommands, Script
from redis.event import EventDispatcher, EventDispatcherInterface
from redis.retry import Retry

from referral.redis_cluster.cluster_nodes import ClusterNodes
from referral.redis_cluster.cluster_url import Address, ClusterUrl
from referral.redis_cluster.command_run import CommandRunner, RetryPolicy
from referral.redis_cluster.commands import Command
from referral.redis_cluster.replies import SlotUnavailable, Verdict


class _Commands(CoreCommands):
    """redis-py's methods, one for each command of Redis; each calls `execute_command`."""

    _is_async_client: Literal[False] = False  # by which redis-py's types tell clients apart

    def __init__(self) -> None:
        self._event_dispatcher: EventDispatcherInterface = EventDispatcher()  # redis-py's methods require one

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its use."""


class ClusterClient(_Commands):
    """Thread-safe. A command must have its keys in one slot; those of a pipeline may be in any slots."""

    def __init__(
        self,
        url: ClusterUrl,
        policy: RetryPolicy,
        options: dict[str, Any],
        count_retry: Callable[[Verdict], None] = lambda _: None,
    ) -> None:
        """`options` are those of redis-py for the connections to each node."""
        super().__init__()
        options = {
            **options,
            "connection_class": SSLConnection if url.tls else Connection,
            "username": url.username,
            "password": url.password,
            "retry": Retry(NoBackoff(), 0),  # this client repeats commands itself
        }

        def connect(address: Address) -> "Redis":
            return Redis.from_pool(ConnectionPool(host=address.host, port=address.port, **options))

        self._policy = policy
        self._nodes = ClusterNodes(url.addresses, connect)
        self._runner = CommandRunner(self._nodes, policy, count_retry)
        self._scripts: dict[str, bytes] = {}

    def run(self, commands: list[Command]) -> list[object]:
        """What each command returns: a value or an error, in their order. A round trip to each node, at the same time."""
        return self._runner.run(commands, self._scripts)

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """What one command returns. Raises RedisError."""
        [reply] = self.run([Command(arguments, options)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    def pipeline(self, transaction: bool = True) -> "ClusterPipeline":
        """A list of commands that run together. Raises ValueError for a transaction: several slots cannot have one."""
        if transaction:
            raise ValueError("a cluster has no transactions over several slots: use a script, or transaction=False")
        return ClusterPipeline(self)

    def register_script(self, script: Any) -> Script:
        """A script that may be called on this client or its pipelines. Nodes that do not have it load it when it is called."""
        text = script if isinstance(script, bytes) else str(script).encode()
        registered = Script(self, text)  # type: ignore[arg-type] # it uses the interface only
        self._scripts[registered.sha] = text
        return registered

    def masters(self) -> list["Redis"]:
        """A client of each master, as the cluster is now. Raises RedisError if no node responds, or some slots have no master."""
        slots = self._nodes.current_map(time.monotonic() + self._policy.seconds)
        if not slots.is_complete():
            raise SlotUnavailable("some slots have no master")
        return [self._nodes.client(address) for address in slots.masters()]

    def close(self) -> None:
        """Closes all connections."""
        self._nodes.close()


class ClusterPipeline(_Commands):
    """Commands that are collected and then run together; they are not a transaction."""

    def __init__(self, client: ClusterClient) -> None:
        super().__init__()
        self._client = client
        self._commands: list[Command] = []

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Adds a command. Returns the pipeline."""
        self._commands.append(Command(arguments, options))
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Runs the commands and returns their results in order. Raises the first error among them, or returns errors as results."""
        commands, self._commands = self._commands, []
        replies = self._client.run(commands)
        errors = (reply for reply in replies if isinstance(reply, Exception))
        if raise_on_error and (error := next(errors, None)) is not None:
            raise error
        return replies

    def close(self) -> None:
        """Drops the commands that have not been run."""
        self._commands.clear()
