"""Which addresses a webhook may go to: public ones, so that nobody can make us call into a private network (SSRF).

The rule is the standard library's `is_global` (IANA's special-purpose registries), applied to the IPv4 address inside
an IPv6 one too, where there is one. https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from referral.events.value_checks import is_loopback_host

_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32 = 0xFFFF_FFFF


class ForbiddenAddress(Exception):
    """Webhooks must not go there; the message says why and what would do."""


def check_url(url: str, *, loopback: bool) -> tuple[str, int]:
    """Host and port of a webhook URL. Raises Forbidden unless it is https to a named host without credentials.

    With `loopback`, plain http to this machine will do (for development).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password or not host:
        raise ForbiddenAddress("write a URL with a host and without user name or password")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http" and is_loopback_host(host)):
        raise ForbiddenAddress("webhooks go to https:// addresses only")
    try:
        return host, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise ForbiddenAddress("the port is no number from 1 to 65535") from None


def check_addresses(host: str, addresses: list[str], *, loopback: bool) -> list[str]:
    """The addresses a host resolved to, if every one may be called. Raises Forbidden otherwise."""
    for raw in addresses:
        if not _is_permitted(ip_address(raw), loopback=loopback):
            raise ForbiddenAddress(f"{host} resolves to {raw}, which is not a public address")
    if not addresses:
        raise ForbiddenAddress(f"{host} resolves to no address")
    return addresses


def _is_permitted(address: IPv4Address | IPv6Address, *, loopback: bool) -> bool:
    inner = _embedded_ipv4(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return _is_permitted(inner, loopback=loopback)
    return (loopback and address.is_loopback) or (address.is_global and not address.is_multicast)


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one leads to, by mapping, 6to4, Teredo or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
