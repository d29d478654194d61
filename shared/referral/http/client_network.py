"""What counts as one client where no API key names it."""

from ipaddress import IPv6Address, ip_address

_IPV6_CUSTOMER_BITS = 64  # an IPv6 customer has at least a /64 (RFC 6177), and may send from each of its addresses


def client_network(address: str) -> str:
    """Returns what one client can send from: an IPv4 address, or the /64 network of an IPv6 address; other text unchanged."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _IPV6_CUSTOMER_BITS << _IPV6_CUSTOMER_BITS)) + f"/{_IPV6_CUSTOMER_BITS}"
