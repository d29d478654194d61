"""Webhooks go to public addresses only."""

import pytest

from referral.outbound.public_addresses import ForbiddenAddress, check_addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.4.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.8",
        "64:ff9b::a00:8",
        "2002:a00:8::1",
        "64:ff9b:1::a00:8",
        "::10.0.0.8",
        "::ffff:0:a00:8",
        "fec0::1",
        "3fff::1",
        "4000::1",
    ],
)
def test_addresses_inside_a_network_are_refused(address: str) -> None:
    """Private, link-local (cloud metadata), shared and multicast ones, IPv4 embedded in IPv6, and IPv6 that is not allocated."""
    with pytest.raises(ForbiddenAddress, match=r"not a public address"):
        check_addresses("hook.example", ["93.184.215.14", address], loopback=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_allowed(address: str) -> None:
    """Any address on the internet."""
    assert check_addresses("hook.example", [address], loopback=False) == [address]


def test_loopback_is_for_development_only() -> None:
    """With the setting, this machine is allowed, but no other private address."""
    assert check_addresses("localhost", ["127.0.0.1"], loopback=True)
    with pytest.raises(ForbiddenAddress):
        check_addresses("inside", ["10.0.0.8"], loopback=True)
