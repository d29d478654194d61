"""The URLs that links redirect to, with the click token in `rt`."""

from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.target_url import forwarded_query, split_at_token
from referral.events.value_checks import InvalidValue, target_url

_words = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], blacklist_characters="\\"), max_size=12
)


def _with_token(target: str, token: str = "TOKEN") -> str:
    before, after = split_at_token(target)
    return before + token + after


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://example.com", "https://example.com/?rt=TOKEN"),
        ("https://example.com/follow", "https://example.com/follow?rt=TOKEN"),
        ("https://example.com/follow?a=1&b=", "https://example.com/follow?a=1&b=&rt=TOKEN"),
        ("https://example.com/f?rt=forged&a=1#top", "https://example.com/f?a=1&rt=TOKEN#top"),
        ("https://example.com/焕肤?q=干皮", "https://example.com/%E7%84%95%E8%82%A4?q=%E5%B9%B2%E7%9A%AE&rt=TOKEN"),
        ("https://例子.测试/x", "https://xn--fsqu00a.xn--0zwm56d/x?rt=TOKEN"),
        ("https://faß.de/", "https://xn--fa-hia.de/?rt=TOKEN"),
        ("https://βόλος.com", "https://xn--nxasmm1c.com/?rt=TOKEN"),
        ("https://ＥＸＡＭＰＬＥ。ｃｏｍ/", "https://example.com/?rt=TOKEN"),
        ("https://my_shop.a--b.例子/", "https://my_shop.a--b.xn--fsqu00a/?rt=TOKEN"),
        ("https://example.com/s?q=%D6%D0%CE%C4", "https://example.com/s?q=%D6%D0%CE%C4&rt=TOKEN"),
        ("https://example.com/%D6%D0/x", "https://example.com/%D6%D0/x?rt=TOKEN"),
        ("https://example.com/?install", "https://example.com/?install&rt=TOKEN"),
        ("https://example.com/?a=b+c&d=e%20f&g[]=1&h=%7e", "https://example.com/?a=b+c&d=e%20f&g[]=1&h=%7e&rt=TOKEN"),
        ("https://example.com/?a=1&%72t=forged&", "https://example.com/?a=1&rt=TOKEN"),
        ("http://127.0.0.1:8080/a%20b", "http://127.0.0.1:8080/a%20b?rt=TOKEN"),
    ],
)
def test_the_token_is_added_to_the_targets_query(target: str, expected: str) -> None:
    """The program's own query is preserved and encoded, another rt replaced, the fragment stays last."""
    assert _with_token(target) == expected


@given(st.lists(st.tuples(_words, _words), max_size=5), _words)
def test_no_target_loses_or_splits_a_parameter(query: list[tuple[str, str]], fragment: str) -> None:
    """Parsed as browsers do, the URL has the same parameters and one rt, in one header line."""
    from urllib.parse import urlencode

    wanted = [(name, value) for name, value in query if name != "rt"]
    address = _with_token(f"https://example.com/x?{urlencode(query)}#{fragment}")
    assert address.isascii()
    assert "\n" not in address
    assert parse_qsl(urlsplit(address).query, keep_blank_values=True) == [*wanted, ("rt", "TOKEN")]


@given(_words, _words, _words)
def test_every_valid_target_takes_the_token(host: str, path: str, query: str) -> None:
    """A target that a program may have never fails at the redirect."""
    target = f"https://{host}.example/{path}?{query}"
    try:
        target_url(target)
    except InvalidValue:
        return
    assert _with_token(target).isascii()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("utm_source=wx&page=3", "&utm_source=wx&page=3"),
        ("q=%E5%B9%B2%E7%9A%AE&empty=", "&q=%E5%B9%B2%E7%9A%AE&empty="),
        ("from=evil&page=3", "&page=3"),
        ("rt=forged&RT=x&rt[]=y&%20rt=z&rt%00=a&rt[a][b]=c", ""),
        ("next=https://evil.example/&a=1;rt=2", "&next=https://evil.example/&a=1%3Brt=2"),
        ("a=b%0d%0aSet-Cookie:%20x", "&a=b%0d%0aSet-Cookie:%20x"),
        ("q=%D6%D0%CE%C4", "&q=%D6%D0%CE%C4"),
        ("q=\xd6\xd0", "&q=%D6%D0"),
        ("install", "&install"),
        ("install&x=&y", "&install&x=&y"),
        ("=x&&=", ""),
    ],
)
def test_deep_link_parameters_survive(query: str, expected: str) -> None:
    """Parameters that the target does not set are forwarded byte by byte; the token's parameter is not, in any spelling."""
    assert forwarded_query(query, "https://example.com/follow?from=link") == expected


def test_the_forwarded_query_is_limited() -> None:
    """To twenty parameters and 1,024 characters, which every server accepts."""
    many = "&".join(f"p{number}=1" for number in range(1000))
    assert len(parse_qsl(forwarded_query(many, "https://example.com/"))) == 20
    assert forwarded_query(f"a=1&b={'x' * 5000}&c=2", "https://example.com/") == "&a=1"


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=5))
def test_the_bytes_of_a_query_are_kept(values: list[bytes]) -> None:
    """In the target and in the link, for any bytes in any encoding: none is replaced."""
    query = "&".join(f"p{number}={quote(value, safe='')}" for number, value in enumerate(values))
    assert _with_token(f"https://example.com/?{query}") == f"https://example.com/?{query}&rt=TOKEN"
    assert forwarded_query(query, "https://example.com/") == f"&{query}"


@pytest.mark.parametrize(
    "host", ["a..b.example", "\u00ad.example", "x" * 64 + ".example", "\u2764.example", "é" * 60 + ".de"]
)
def test_a_host_that_no_name_server_has_is_rejected(host: str) -> None:
    """Empty or too long parts, and characters that domain names cannot contain."""
    with pytest.raises(InvalidValue):
        target_url(f"https://{host}/")


_SHARP = ["rt", "RT", "rt[]", "%72t", "rt%00", "&", "=", ";", "#", "?", "//evil.example", "\\", "%0d%0a", "@", "a", "é"]
_hostile = st.text(max_size=60) | st.lists(st.sampled_from(_SHARP), max_size=12).map("".join)


@given(_hostile)
def test_no_query_changes_where_a_link_leads(query: str) -> None:
    """For any query: the same host and path, one header line, the fragment last, and exactly one rt, the token.

    Also if parsed as leniently as PHP does.
    """
    target = "https://example.com/follow?from=link#top"
    before, after = split_at_token(target)
    raw = query.encode().decode("latin-1")  # as WSGI hands it over
    address = before + "TOKEN" + forwarded_query(raw, target) + after
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "example.com", "/follow", "top")
    assert address.isascii()
    assert address.isprintable()
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    lenient = [value for name, value in pairs if name.split("\0")[0].strip().split("[")[0].casefold() == "rt"]
    assert lenient == ["TOKEN"]
    assert [value for name, value in pairs if name == "from"] == ["link"]
