"""What a reply of a node means for the command: is it the result, or where and when is the command sent again. Pure."""

from typing import Literal

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    InvalidResponse,
    MasterDownError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

Verdict = Literal["result", "moved", "ask", "no_script", "try_again", "down", "disconnected", "timed_out"]
"""`result` is a value or an error for the caller. After the others the command was not run, except that it may have been if the
connection broke (`disconnected`) or no reply came in time (`timed_out`)."""


UNREACHABLE = RedisConnectionError, RedisTimeoutError, InvalidResponse, OSError
"""The errors of a node that does not respond, or not as Redis does: another node may know better."""


class SlotUnavailable(RedisConnectionError):
    """The cluster did not serve a slot in time; the message has the last reply. For callers as if a server did not respond."""


PROMPT: frozenset[Verdict] = frozenset(("moved", "ask", "no_script"))
"""After these the command can be sent again at once."""

# A script that reads a key which it has not declared, in a slot that is moving: nothing that it reads can be believed.
_HALF_MOVED = "access a non local key in a cluster node", "undeclared keys were accessed during rehashing"


def verdict_on(reply: object) -> Verdict:
    """What to do about a reply: a value, or an error of redis-py."""
    if not isinstance(reply, Exception):
        return "result"
    if isinstance(reply, AuthenticationError):  # a ConnectionError in redis-py
        return "result"
    if isinstance(reply, RedisTimeoutError):
        return "timed_out"
    if isinstance(reply, (BusyLoadingError, SlotUnavailable)):
        return "down"
    if isinstance(reply, UNREACHABLE):
        return "disconnected"
    return _verdict_on_error(reply)


def _verdict_on_error(reply: Exception) -> Verdict:
    if isinstance(reply, MovedError):  # an AskError in redis-py
        return "moved"
    if isinstance(reply, AskError):
        return "ask"
    if isinstance(reply, NoScriptError):
        return "no_script"
    if isinstance(reply, TryAgainError) or _is_half_moved(reply):
        return "try_again"
    if isinstance(reply, (ClusterDownError, MasterDownError, ReadOnlyError)):
        return "down"
    return "result"


def _is_half_moved(reply: Exception) -> bool:
    return isinstance(reply, ResponseError) and any(text in str(reply) for text in _HALF_MOVED)


def final(reply: object) -> object:
    """What a caller gets of the last reply: an error that says where the command should go next becomes SlotUnavailable."""
    if verdict_on(reply) not in ("moved", "ask", "try_again", "down"):
        return reply
    return reply if isinstance(reply, RedisConnectionError) else SlotUnavailable(str(reply))
