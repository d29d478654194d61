"""Checks of single values in a program file that a bound or pattern cannot express. Each raises InvalidValue."""

import unicodedata
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

# Cc control, Cs half of a surrogate pair (not encodable in UTF-8), Zl and Zp line and paragraph separators.
_NOT_PRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Change the writing direction of what follows, so that a name can imitate other text: https://www.unicode.org/reports/tr9/
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class InvalidValue(ValueError):
    """A value breaks a rule; the message says which, and what to write instead."""


def legible(text: str) -> str:
    """The text, if a page can show every character of it. Raises InvalidValue."""
    for position, character in enumerate(text, start=1):
        if unicodedata.category(character) in _NOT_PRINTABLE or character in _DIRECTION_CONTROLS:
            raise InvalidValue(f"character {position} (U+{ord(character):04X}) cannot be displayed: remove it")
    return text


def target_url(url: str) -> str:
    """The URL, if links may lead to it: https, or http on this machine. Raises InvalidValue."""
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise InvalidValue("must not contain spaces or control characters: write a space as %20")
    try:
        parts = urlsplit(url)
        ascii_host(parts)
        url.encode()
    except ValueError as error:
        raise InvalidValue(f"is not a valid URL ({error}): write one such as https://example.com/follow") from error
    if not parts.hostname:
        raise InvalidValue("must name a host: write a URL such as https://example.com/follow")
    if parts.username is not None or "\\" in url:
        raise InvalidValue("must not contain a user name or backslash, which browsers interpret differently: remove it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(parts.hostname)):
        raise InvalidValue("must begin with https:// (http:// only for this machine, such as http://127.0.0.1:8000)")
    return url


def ascii_host(parts: SplitResult) -> str:
    """The host of a URL with its port, as DNS and the Location header spell it. Raises ValueError."""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    return name if parts.port is None else f"{name}:{parts.port}"


def is_loopback_host(host: str) -> bool:
    """Whether a URL's host is this machine: `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
