"""Commands as redis-py passes them on, and the slot that each belongs to. Pure."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from redis.crc import key_slot

from referral.redis_cluster.cluster_url import Address

_FIRST_KEY = {"EVALSHA": 3, "EVALSHA_RO": 3, "EVAL": 3, "EVAL_RO": 3}
_WITHOUT_KEY = frozenset(("INFO", "PING", "TIME", "DBSIZE", "KEYS", "SCAN", "FLUSHDB", "FLUSHALL"))


class Command(NamedTuple):
    """Name and arguments, and the options with which redis-py reads the reply. All keys of a command are in one slot."""

    arguments: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """E.g. `GET`."""
        return str(self.arguments[0])


@dataclass(slots=True)
class PendingCommand:
    """A command on its way: the node that it was sent to, the last reply, and what that reply changes for the next try.

    `redirection` is the node to send it to instead of the master of the slot, `asking` whether that node needs to know so, and
    `script` what the node must load first.
    """

    command: Command
    slot: int
    redirection: Address | None = None
    asking: bool = False
    script: bytes | None = None
    sent_to: Address | None = None
    reply: object = None


def pending(command: Command) -> PendingCommand:
    """A command that has not been sent yet. Raises ValueError if it has no key."""
    return PendingCommand(command, slot_of(command))


def slot_of(command: Command) -> int:
    """The slot of the first key. Raises ValueError if the command has no key: then it concerns a node, not a slot."""
    arguments = command.arguments
    name = arguments[0]
    position = _FIRST_KEY.get(name, 1)
    if name in _WITHOUT_KEY or " " in name or len(arguments) <= position:
        raise ValueError(f"{name} has no key: send it to each of `masters()`")
    key = arguments[position]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())
