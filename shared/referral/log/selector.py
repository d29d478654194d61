"""The selector of Kafka clients: the standard one, without a costly error message.

kafka-python asks for the key of a socket before each wait, and mostly there is none. The standard library describes the socket
in that error twice, which takes four system calls: a twentieth of the processor time of a process that ingests events.
"""

import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class Selector(selectors.DefaultSelector):
    """A selector whose `get_key` looks up an open file by its number. Raises KeyError if it is not registered."""

    def get_key(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:  # type: ignore[explicit-any] # its `data`
        """As in the standard library."""
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return super().get_key(number if number >= 0 else fileobj)
