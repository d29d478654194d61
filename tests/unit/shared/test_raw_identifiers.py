"""What identifies a device or a person itself is refused where a hash is expected."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.people.raw_identifiers import raw_identifier


@given(st.ip_addresses(), st.sampled_from(["{}", "[{}]", " {} ", "{}/24"]))
def test_an_address_is_recognized_in_every_notation(address: IPv4Address | IPv6Address, form: str) -> None:
    """Of both versions, in brackets and as a network."""
    assert raw_identifier(form.format(address)) == "an IP address"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("192.0.2.7:443", "an IP address"),
        ("[2001:db8::1]:443", "an IP address"),
        ("490154203237518", "an IMEI"),
        ("49-015420-323751-8", "an IMEI"),
        ("49 015420 323751 8", "an IMEI"),
        ("amy@example.com", "an e-mail address"),
        ("0A:1b:2c:3d:4e:5f", "a MAC address"),
        ("490154203237519", None),
        ("d1", None),
        ("9f86d081", None),
    ],
)
def test_identifiers_of_devices_and_people_are_recognized(text: str, what: str | None) -> None:
    """A number with a wrong check digit is no IMEI."""
    assert raw_identifier(text) == what


@given(st.binary(min_size=16, max_size=32))
def test_a_hash_is_none(digest: bytes) -> None:
    """In hexadecimal digits."""
    assert raw_identifier(digest.hex()) is None
