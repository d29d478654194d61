"""`referral adapters set`: the secret in a file, however the file was written."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_tools.commands.adapters import secret_text

SECRET = "shpss_0123456789abcdef"
BLANKS = ["\ufeff", "\u200b", "\u2060", "\u00a0", "\u3000", " ", "\t", "\n", "\r\n", "\x00", "\x1a"]


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        SECRET.encode("utf-8-sig"),
        f"{SECRET}\r\n".encode("utf-8-sig"),
        f"{SECRET}\r\n".encode("utf-16"),
        b"\xfe\xff" + SECRET.encode("utf-16-be"),
        f"\n  {SECRET}\u200b\n\n".encode(),
    ],
)
def test_what_editors_add_to_a_secret_is_removed(content: bytes) -> None:
    """Notepad writes a byte order mark, PowerShell UTF-16, most editors a line break; a web page adds invisible characters."""
    assert secret_text(content) == SECRET


@given(st.lists(st.sampled_from(BLANKS), max_size=6), st.lists(st.sampled_from(BLANKS), max_size=6))
def test_blanks_in_any_order_are_no_part_of_a_secret(before: list[str], after: list[str]) -> None:
    """At both ends, whatever they are."""
    assert secret_text(f"{''.join(before)}{SECRET}{''.join(after)}".encode()) == SECRET


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_a_secret_of_printable_characters_is_kept_as_it_is(secret: str) -> None:
    """Nothing else is removed."""
    assert secret_text(secret.encode()) == secret
    assert secret_text(f"two words {secret}".encode()) == f"two words {secret}"


@pytest.mark.parametrize(
    "content", [b"one\ntwo", "one\u200btwo".encode(), "one\ufefftwo".encode(), "\u00e9".encode("latin-1")]
)
def test_a_file_with_more_than_a_secret_is_refused(content: bytes) -> None:
    """Two lines, invisible characters within, another encoding: the webhooks would all be refused later."""
    with pytest.raises(click.ClickException, match=r"put only the secret|save it again as UTF-8"):
        secret_text(content)
