"""URLs that webhooks may have: https to a host, as the characters of ASCII that go on the wire.

A host in another script becomes its IDNA 2008 form (RFC 5891, UTS 46); other characters of path and query are percent-encoded as
UTF-8 (RFC 3987, 3.1). Bytes that are percent-encoded already stay as they are.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

from referral.events.value_checks import ascii_name, is_loopback_host
from referral.outbound.public_addresses import ForbiddenAddress

MAX_URL = 512
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._"
_QUERY_CHARACTERS = _PATH_CHARACTERS + "?"
_ECHO = 64


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """A valid URL in ASCII, and the host and port that it leads to."""

    url: str
    host: str
    port: int


def parse_webhook_url(text: str, *, loopback: bool) -> WebhookUrl:
    """Returns the URL as it is stored and requested. Raises ForbiddenAddress with what is wrong and what to write instead.

    `loopback` also allows plain http to this machine, for development.
    """
    _check_characters(text)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ForbiddenAddress(f"the URL is invalid ({error}): write one such as https://example.com/hook") from None
    if "@" in parts.netloc:
        raise ForbiddenAddress("the URL must not contain a user name or password: verify the signature instead")
    if "#" in text:
        raise ForbiddenAddress("the URL must not contain a fragment (#…), which is never sent: remove it")
    host = _ascii_host(parts.hostname or "")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http" and is_loopback_host(host)):
        raise ForbiddenAddress("the URL must begin with https://")
    port = _port(parts)
    url = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}{_target(parts)}"
    if len(url) > MAX_URL:
        raise ForbiddenAddress(f"the URL has {len(url)} characters when encoded: shorten it to {MAX_URL}")
    return WebhookUrl(url, host, port or (443 if parts.scheme == "https" else 80))


def _check_characters(text: str) -> None:
    """Refuses what a parser would remove, or what no URL can contain, before it is parsed."""
    if len(text) > MAX_URL:
        raise ForbiddenAddress(f"the URL has {len(text)} characters: shorten it to {MAX_URL}")
    for position, character in enumerate(text, start=1):
        if character == "\\" or character.isspace() or not character.isprintable():
            place = f"character {position} of the URL (U+{ord(character):04X})"
            raise ForbiddenAddress(f"{place} must not be in a URL: remove it, or write a space as %20")


def _ascii_host(host: str) -> str:
    """The host as DNS spells it; an address as it is."""
    if not host:
        raise ForbiddenAddress("the URL must have a host, such as https://example.com/hook")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        name = ascii_name(host)
    except ValueError as error:
        raise ForbiddenAddress(f"the host {host[:_ECHO]!r} is not a valid name ({error})") from None
    name = name.lower().removesuffix(".")
    if len(name) > 253 or not all(map(_HOST_LABEL.fullmatch, name.split("."))):
        raise ForbiddenAddress(f"the host {host[:_ECHO]!r} is not a valid name: write one such as example.com")
    return name


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ForbiddenAddress("the port must be a number from 1 to 65535")
    return port


def _target(parts: SplitResult) -> str:
    """Path and query; every other character than those of RFC 3986 percent-encoded."""
    path = _encode(parts.path or "/", _PATH_CHARACTERS)
    return f"{path}?{_encode(parts.query, _QUERY_CHARACTERS)}" if parts.query else path


def _encode(text: str, allowed: str) -> str:
    return _STRAY_PERCENT.sub("%25", quote(text, safe=allowed))
