"""Where a link leads: the program's own target, with the click token in `rt`."""

from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from referral.events.value_checks import ascii_host

PARAMETER = "rt"
# Kept as they are in a path: what RFC 3986 (§3.3) allows there, and % of what is encoded already.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_MOST_CARRIED, _LONGEST_CARRIED, _LONGEST_READ = 20, 1024, 4096


@lru_cache(maxsize=1024)
def around_token(target_url: str) -> tuple[str, str]:
    """What stands before and after the token in a redirect's address, e.g. ("https://example.com/follow?rt=", "")."""
    parts = urlsplit(target_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    before = SplitResult(
        parts.scheme,
        ascii_host(parts),
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
