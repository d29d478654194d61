"""The selector of Kafka clients answers as the standard one does."""

import selectors
import socket

import pytest

from referral.log.selector import Selector


@pytest.mark.parametrize("kind", [selectors.DefaultSelector, Selector])
def test_the_key_of_a_registered_socket_is_found_until_it_is_removed(kind: type[selectors.BaseSelector]) -> None:
    """By the socket and by its number; also once the socket was closed, as a client closes it before it removes it."""
    one, other = socket.socketpair()
    with other, kind() as selector:
        with pytest.raises(KeyError):
            selector.get_key(one)
        key = selector.register(one, selectors.EVENT_READ, "data")
        assert selector.get_key(one) == selector.get_key(one.fileno()) == key
        one.close()
        assert selector.get_key(one) == key
        selector.unregister(one)
        with pytest.raises(ValueError, match="-1"):
            selector.get_key(one)
