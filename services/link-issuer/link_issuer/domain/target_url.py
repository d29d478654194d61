"""The URL a link redirects to: the program's target with the click token in the query parameter `rt`.

Paths and queries keep their bytes, whatever their encoding (GBK sites exist) and spelling (`?install`): only characters that a
URL cannot contain are percent-encoded, as browsers do (https://url.spec.whatwg.org/#percent-encoded-bytes).
"""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit, urlunsplit

from referral.events.value_checks import ascii_host

TOKEN_PARAMETER = "rt"  # noqa: S105 - a parameter name
# ASCII that browsers do not percent-encode in a query, beside letters and digits, and the % of what is already encoded.
_QUERY_SAFE = "!$%&()*+,-./:;=?@[\\]^_`{|}~"
# Also not in a path, where ? would begin the query.
_PATH_SAFE = "!$%&'()*+,-./:;=@[]_|~"
# Old servers separate parameters by ; too, so that it could smuggle in another token.
_FORWARDED_SAFE = _QUERY_SAFE.replace(";", "")
_MAX_PARAMETERS, _MAX_FORWARDED, _MAX_READ = 20, 1024, 4096


@lru_cache(maxsize=1024)
def split_at_token(target_url: str) -> tuple[str, str]:
    """The parts of the redirect's URL before and after the token, e.g. ("https://example.com/follow?rt=", "")."""
    parts = urlsplit(target_url)
    fields = [field for field in parts.query.split("&") if field and unquote_plus(_name(field)) != TOKEN_PARAMETER]
    query = "&".join([*(quote(field, safe=_QUERY_SAFE) for field in fields), f"{TOKEN_PARAMETER}="])
    before = SplitResult(parts.scheme, ascii_host(parts), quote(parts.path, safe=_PATH_SAFE) or "/", query, "")
    after = "#" + quote(parts.fragment, safe=_QUERY_SAFE) if parts.fragment else ""
    return urlunsplit(before), after


@lru_cache(maxsize=1024)
def forwarded_query(query: str, target_url: str) -> str:
    """The parameters of the request's query that are forwarded to the target (deep links), each with its leading &.

    `query` is the raw query string. Left out: the token's parameter in every spelling that a framework might read as it,
    parameters that the target URL itself sets, and everything beyond 20 parameters or 1,024 characters.
    """
    if not query:
        return ""
    taken, forwarded = reserved_parameters(target_url), ""
    for field in _forwardable(query[:_MAX_READ]):
        if (key := _normalize_parameter(unquote_plus(_name(field)))) in taken or not key:
            continue
        more = "&" + quote(field.encode("latin-1", "replace"), safe=_FORWARDED_SAFE)  # PEP 3333: bytes as Latin-1
        if len(forwarded) + len(more) > _MAX_FORWARDED:
            break
        forwarded += more
    return forwarded


@lru_cache(maxsize=1024)
def reserved_parameters(target_url: str) -> frozenset[str]:
    """The parameters that a request must not set: the token's, and those in the target URL."""
    names = (unquote_plus(_name(field)) for field in urlsplit(target_url).query.split("&"))
    return frozenset(map(_normalize_parameter, names)) | {TOKEN_PARAMETER}


def _forwardable(query: str) -> Iterator[str]:
    """The first fields of a query that are not empty; the last one may have been cut off at the limit, within its value."""
    return (field for field in query.split("&")[:_MAX_PARAMETERS] if field)


def _name(field: str) -> str:
    return field.partition("=")[0]


def _normalize_parameter(name: str) -> str:
    """A parameter's name as the most lenient framework reads it: PHP drops leading spaces and everything after a NUL, and treats
    brackets as lists (https://www.php.net/manual/en/language.variables.external.php); some ignore case.
    """
    return name.partition("\0")[0].strip().partition("[")[0].casefold()
