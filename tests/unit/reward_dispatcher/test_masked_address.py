"""Addresses as they are shown to people who may not see contacts."""

import pytest

from reward_dispatcher.domain.masked_address import mask_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [("amy@mail.example", "a•••@mail.example"), ("a@b", "a•••@b"), ("o'x@y\"@z.example", "o•••@z.example")],
)
def test_the_name_is_masked_and_the_host_is_shown(address: str, shown: str) -> None:
    """A typing error in the host is the usual reason for a refusal."""
    assert mask_address(address) == shown
