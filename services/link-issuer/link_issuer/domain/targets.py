"""Where a link leads: the program's own target, with the click token in `rt`."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

PARAMETER = "rt"
# Kept as they are in a path: what RFC 3986 (§3.3) allows there, and % of what is encoded already.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_MOST_CARRIED, _LONGEST_CARRIED, _LONGEST_READ = 20, 1024, 4096


class TargetRefused(ValueError):
    """An address that links must not lead to; the message says why and what to write."""


def checked_target(url: str) -> str:
    """The address, if links may lead there. Raises TargetRefused."""
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise TargetRefused("holds a blank or control character: encode it as %20, or remove it")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        around_token(url)
    except ValueError as error:
        raise TargetRefused(f"is no address ({error}): write it as https://example.com/follow") from error
    if not host:
        raise TargetRefused("names no host: write it as https://example.com/follow")
    if parts.username is not None or "\\" in url:
        raise TargetRefused("holds a user name or backslash, which browsers read differently: leave it out")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise TargetRefused(
            "must begin with https:// (http:// is for this machine only, such as http://127.0.0.1:8000)"
        )
    return url


@lru_cache(maxsize=1024)
def around_token(target_url: str) -> tuple[str, str]:
    """What stands before and after the token in a redirect's address, e.g. ("https://example.com/follow?rt=", "")."""
    parts = urlsplit(target_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    before = SplitResult(
        parts.scheme,
        _ascii_host(parts),
        quote(parts.path, safe=_PATH_SAFE) or "/",
        urlencode([*query, (PARAMETER, "")]),
        "",
    )
    after = "#" + quote(parts.fragment, safe=_PATH_SAFE + "?") if parts.fragment else ""
    return urlunsplit(before), after


@lru_cache(maxsize=1024)
def carried(query: str, target_url: str) -> str:
    """What of a link's own query goes on to the target, encoded, each with its &: deep-link parameters survive.

    `query` is as it was sent. Left out: the token's parameter in whatever spelling a target's framework might take for it, what the
    target sets itself (the program decides those), and what is beyond 20 parameters or 1,024 characters.
    """
    if not query:
        return ""
    taken, found = own_parameters(target_url), ""
    raw = query[:_LONGEST_READ].encode("latin-1", "replace").decode("utf-8", "replace")  # PEP 3333: bytes as Latin-1
    for name, value in parse_qsl("&".join(raw.split("&")[:_MOST_CARRIED]), keep_blank_values=True):
        if (key := _as_read(name)) in taken or not key:
            continue
        more = "&" + urlencode([(name, value)])
        if len(found) + len(more) > _LONGEST_CARRIED:
            break
        found += more
    return found


@lru_cache(maxsize=1024)
def own_parameters(target_url: str) -> frozenset[str]:
    """The parameters that nobody outside sets: the token's, and those in the target's address."""
    names = (name for name, _ in parse_qsl(urlsplit(target_url).query, keep_blank_values=True))
    return frozenset(map(_as_read, names)) | {PARAMETER}


def _as_read(name: str) -> str:
    """A parameter's name as the laxest of readers takes it: PHP drops leading blanks, all after a NUL, and brackets make lists
    (https://www.php.net/manual/en/language.variables.external.php); some compare without case.
    """
    return name.partition("\0")[0].strip().partition("[")[0].casefold()


def _ascii_host(parts: SplitResult) -> str:
    """The host with its port, as DNS and the Location header spell it."""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    return name if parts.port is None else f"{name}:{parts.port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
