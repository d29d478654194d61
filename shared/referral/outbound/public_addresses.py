"""Addresses of hosts that others name: only public ones are reached, which prevents server-side request forgery (SSRF).

The rule is the standard library's `is_global` (IANA's special-purpose registries), applied also to an IPv4 address that is embedded
in an IPv6 address. It calls IPv6 global that is not allocated, such as the NAT64 addresses of a network of its own
(64:ff9b:1::/48, RFC 8215); so an IPv6 address must also be global unicast (2000::/3, RFC 4291), and not for documentation.
https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST, _DOCUMENTATION = IPv6Network("2000::/3"), IPv6Network("3fff::/20")  # RFC 9637
_LAST_32 = 0xFFFF_FFFF


class ForbiddenAddress(Exception):
    """No request may be sent to this address; the message states the reason and what to write instead."""


def check_addresses(host: str, addresses: list[str], *, loopback: bool) -> list[str]:
    """Returns the addresses that a host resolved to. Raises ForbiddenAddress unless all of them are allowed."""
    for raw in addresses:
        if not _is_permitted(ip_address(raw), loopback=loopback):
            raise ForbiddenAddress(f"{host} resolves to {raw}, which is not a public address")
    if not addresses:
        raise ForbiddenAddress(f"{host} does not resolve to an address")
    return addresses


def _is_permitted(address: IPv4Address | IPv6Address, *, loopback: bool) -> bool:
    embedded = _embedded_ipv4(address) if isinstance(address, IPv6Address) else None
    if embedded is not None:
        return _is_permitted(embedded, loopback=loopback)
    if loopback and address.is_loopback:
        return True
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address in _DOCUMENTATION):
        return False
    return address.is_global and not address.is_multicast


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address embedded in an IPv6 address: mapped, 6to4, Teredo or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
