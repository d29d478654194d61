"""E-mail addresses that people type on the join page: one form for each mailbox, and handles are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.mail_address import MAX_ADDRESS, address_hint, as_mail_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("amy@example.com", "amy@example.com"),
        (" Amy.Chen+glow@Example.COM ", "amy.chen+glow@example.com"),
        ("ａｍｙ＠ｅｘａｍｐｌｅ．ｃｏｍ", "amy@example.com"),
        ("amy@bücher.example", "amy@xn--bcher-kva.example"),
        ("a_b-c@mail.例子.example", "a_b-c@mail.xn--fsqu00a.example"),
    ],
)
def test_a_mailbox_has_one_form(typed: str, address: str) -> None:
    """Whatever the keyboard made of it."""
    assert as_mail_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "amy",
        "@amy",
        "amy@",
        "amy@home",
        "amy@127.0.0.1",
        "a b@example.com",
        "amy@example.com, bo@example.com",
        "amy@example.com\r\nBcc: bo@example.com",
        '"amy chen"@example.com',
        "amy@@example.com",
        ".amy@example.com",
        "李雷@example.com",
        "<amy@example.com>",
        "a" * 65 + "@example.com",
        "amy@" + "a" * 200 + ".com",
    ],
)
def test_what_is_no_address_is_a_handle(typed: str) -> None:
    """Nothing is sent to it."""
    assert as_mail_address(typed) is None


@given(st.text(max_size=200))
def test_the_form_is_stable_and_safe_in_a_header(typed: str) -> None:
    """It has neither spaces nor separators, and reading it again changes nothing."""
    address = as_mail_address(typed)
    if address is not None:
        assert address.isascii()
        assert address.isprintable()
        assert len(address) <= MAX_ADDRESS
        assert not set(address) & set(' ,;:<>"\\()[]')
        assert as_mail_address(address) == address


def test_a_hint_has_one_letter_of_the_name() -> None:
    """Enough for its owner."""
    assert address_hint("amy.chen@example.com") == "a…@example.com"
