"""URLs of webhooks: refused, or stored as the ASCII that is sent."""

import string

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.outbound.public_addresses import ForbiddenAddress
from reward_dispatcher.domain.webhook_url import MAX_URL, parse_webhook_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hook.example/x",
        "ftp://hook.example",
        "https://user:secret@hook.example/",
        "https://@hook.example/",
        "https:///nohost",
        "https://hook.example:99999/",
        "https://hook.example:0/",
        "https://hook.example:٤٤٣/",
        "https://hook.example:x/",
        "hook.example",
        "https://hook.example/#fragment",
        "https://hook.example/#",
        "https://hook.example/\r\nX-Injected: 1",
        "https://hook.example/\n",
        "\thttps://hook.example/",
        "https://hook.example/\x00",
        "https://hook.example/\x7f",
        "https://hook.example/a b",
        "https://hook.example/\u3000",
        "https://hook.example/\u200b",
        "https://hook.example/\ufeff",
        "https://hook.example/\ud800",
        "https://hook.example\\@evil.example/",
        "https://hook..example/",
        "https://-hook.example/",
        "https://hook%2eexample/",
        "https://[::1/",
        "https://[1:2]/",
        "https://" + "a" * 64 + ".example/",
        "https://a\u0627.example/",
        "https://hook.example/" + "x" * MAX_URL,
        "https://hook.example/" + "é" * 200,
    ],
)
def test_a_url_that_cannot_be_sent_as_it_is_written_is_refused(url: str) -> None:
    """Another scheme, credentials, a fragment, control characters and line breaks, an invalid host or port, or too long."""
    with pytest.raises(ForbiddenAddress):
        parse_webhook_url(url, loopback=False)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://hook.example", "https://hook.example/"),
        ("HTTPS://Hook.Example/Path", "https://hook.example/Path"),
        ("https://hook.example./x", "https://hook.example/x"),
        ("https://my_hook.example/x", "https://my_hook.example/x"),
        ("https://faß.example/straße", "https://xn--fa-hia.example/stra%C3%9Fe"),
        ("https://例子.example/收", "https://xn--fsqu00a.example/%E6%94%B6"),
        ("https://hook.example/é?q=ü&a=%D6%D0", "https://hook.example/%C3%A9?q=%C3%BC&a=%D6%D0"),
        ("https://hook.example/100%?x=%zz", "https://hook.example/100%25?x=%25zz"),
        ('https://hook.example/{id}?"a"', "https://hook.example/%7Bid%7D?%22a%22"),
        (
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/",
        ),
    ],
)
def test_other_characters_than_ascii_are_encoded(url: str, sent: str) -> None:
    """The host by IDNA 2008, path and query as UTF-8; encoded bytes stay as they are."""
    assert parse_webhook_url(url, loopback=False).url == sent
    assert parse_webhook_url(sent, loopback=False).url == sent


@given(st.text(max_size=MAX_URL), st.text(st.sampled_from(string.printable + "é例\u200b\x1d"), max_size=80))
def test_every_accepted_url_can_be_requested(host: str, target: str) -> None:
    """It is ASCII without white space, and the HTTP client takes it."""
    for text in (f"https://{host}/{target}", f"https://hook.example/{target}", f"https://hook.example?{target}", host):
        try:
            accepted = parse_webhook_url(text, loopback=False)
        except ForbiddenAddress:
            continue
        assert accepted.url.isascii()
        assert accepted.url.isprintable()
        assert " " not in accepted.url
        assert len(accepted.url) <= MAX_URL
        requested = httpcore.URL(accepted.url)
        assert (requested.host.decode().strip("[]"), requested.port or 443) == (accepted.host, accepted.port)


def test_host_and_port_follow_from_the_url() -> None:
    """The port may follow from the scheme. Plain http is for this machine, in development."""
    assert _host_and_port("https://hook.example/x?y=1", loopback=False) == ("hook.example", 443)
    assert _host_and_port("https://hook.example:8443", loopback=False) == ("hook.example", 8443)
    assert _host_and_port("http://127.0.0.1:9000/hook", loopback=True) == ("127.0.0.1", 9000)
    with pytest.raises(ForbiddenAddress):
        parse_webhook_url("http://hook.example", loopback=True)


def _host_and_port(url: str, *, loopback: bool) -> tuple[str, int]:
    target = parse_webhook_url(url, loopback=loopback)
    return target.host, target.port
