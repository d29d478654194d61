"""Commands that go to one node together: sent on one connection without waiting, their replies read afterwards."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from referral.redis_cluster.commands import PendingCommand
from referral.redis_cluster.replies import UNREACHABLE


class NodeBatch:
    """A round trip to one node: `send`, then `receive`, and `close` in any case. Each command gets its reply."""

    def __init__(self, node: "Redis", commands: Sequence[PendingCommand]) -> None:
        self.timed_out = False
        self._node: Any = node  # redis-py leaves what is used here untyped
        self._unread = deque(commands)
        self._connection: Any = None

    def send(self) -> None:
        """Sends all commands. If that fails, the error is the reply of each."""
        try:
            self._connection = self._node.connection_pool.get_connection()
            packed = self._connection.pack_commands([part for one in self._unread for part in _parts(one)])
            self._connection.send_packed_command(packed)
        except UNREACHABLE as error:
            self._break(error)

    def receive(self, *, wait: bool) -> None:
        """Reads the replies: values, and errors as such. If the connection breaks, the error is the reply of the rest.

        Without `wait`, a node that has not begun to reply counts as timed out.
        """
        try:
            if self._unread and not wait and not self._connection.can_read(timeout=0):
                raise RedisTimeoutError("no reply in time")
            while self._unread:
                self._unread[0].reply = self._read(self._unread[0])
                self._unread.popleft()
        except UNREACHABLE as error:
            self._break(error)

    def close(self) -> None:
        """Returns the connection to its pool; one with unread replies is closed first."""
        if self._connection is not None:
            if self._unread:
                self._connection.disconnect()
            self._node.connection_pool.release(self._connection)
            self._connection = None

    def _read(self, one: PendingCommand) -> object:
        """The reply of a command; those of the parts before it are dropped."""
        for _ in _parts(one)[1:]:
            _skip_reply(self._connection)
        try:
            return self._node.parse_response(self._connection, one.command.name, **one.command.options)
        except ResponseError as error:
            return error

    def _break(self, error: Exception) -> None:
        self.timed_out = isinstance(error, RedisTimeoutError)
        if self._connection is not None:
            self._connection.disconnect()
        for one in self._unread:
            one.reply = error
        self._unread.clear()


def _parts(one: PendingCommand) -> list[tuple[Any, ...]]:
    """What is sent for a command, itself last."""
    if one.script is None and not one.asking:
        return [one.command.arguments]
    loading = [("SCRIPT", "LOAD", one.script)] if one.script is not None else []
    return [*loading, *([("ASKING",)] if one.asking else []), one.command.arguments]


def _skip_reply(connection: Any) -> None:
    """An error is dropped: the command that follows fails for the same reason."""
    with suppress(ResponseError):
        connection.read_response()
