"""The URL a link redirects to: the program's target with the click token in the query parameter `rt`."""

from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from referral.events.value_checks import ascii_host

TOKEN_PARAMETER = "rt"  # noqa: S105 - a parameter name
# Not percent-encoded in a path: the characters RFC 3986 (§3.3) allows there, and the % of what is already encoded.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_MAX_PARAMETERS, _MAX_FORWARDED, _MAX_READ = 20, 1024, 4096


@lru_cache(maxsize=1024)
def split_at_token(target_url: str) -> tuple[str, str]:
    """The parts of the redirect's URL before and after the token, e.g. ("https://example.com/follow?rt=", "")."""
    parts = urlsplit(target_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != TOKEN_PARAMETER]
    before = SplitResult(
        parts.scheme,
        ascii_host(parts),
        quote(parts.path, safe=_PATH_SAFE) or "/",
        urlencode([*query, (TOKEN_PARAMETER, "")]),
        "",
    )
    after = "#" + quote(parts.fragment, safe=_PATH_SAFE + "?") if parts.fragment else ""
    return urlunsplit(before), after


@lru_cache(maxsize=1024)
def forwarded_query(query: str, target_url: str) -> str:
    """The parameters of the request's query that are forwarded to the target (deep links), encoded, each with its leading &.

    `query` is the raw query string. Left out: the token's parameter in every spelling that a framework might read as it,
    parameters that the target URL itself sets, and everything beyond 20 parameters or 1,024 characters.
    """
    if not query:
        return ""
    taken, found = reserved_parameters(target_url), ""
    raw = query[:_MAX_READ].encode("latin-1", "replace").decode("utf-8", "replace")  # PEP 3333: bytes as Latin-1
    for name, value in parse_qsl("&".join(raw.split("&")[:_MAX_PARAMETERS]), keep_blank_values=True):
        if (key := _normalize_parameter(name)) in taken or not key:
            continue
        more = "&" + urlencode([(name, value)])
        if len(found) + len(more) > _MAX_FORWARDED:
            break
        found += more
    return found


@lru_cache(maxsize=1024)
def reserved_parameters(target_url: str) -> frozenset[str]:
    """The parameters that a request must not set: the token's, and those in the target URL."""
    names = (name for name, _ in parse_qsl(urlsplit(target_url).query, keep_blank_values=True))
    return frozenset(map(_normalize_parameter, names)) | {TOKEN_PARAMETER}


def _normalize_parameter(name: str) -> str:
    """A parameter's name as the most lenient framework reads it: PHP drops leading spaces and everything after a NUL, and treats
    brackets as lists (https://www.php.net/manual/en/language.variables.external.php); some ignore case.
    """
    return name.partition("\0")[0].strip().partition("[")[0].casefold()
