"""Sealed secrets: what was sealed is opened again, in its own place and with our key only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.encryption import DecryptionFailed, seal, unseal

KEY = "the key of this installation, long enough"
_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1f"), max_size=20)


@given(_names, _names, _names)
def test_a_sealed_secret_is_opened_again_and_does_not_show_it(program: str, name: str, secret: str) -> None:
    """Who reads the catalog without the key sees no secret, and cannot tell two equal ones."""
    sealed = seal(KEY, program, name, secret)
    assert unseal(KEY, program, name, sealed) == secret
    assert sealed != seal(KEY, program, name, secret)


@pytest.mark.parametrize(
    ("key", "program", "name"),
    [("another key of another place, as long", "p", "n"), (KEY, "q", "n"), (KEY, "p", "m"), (KEY, "pn", "")],
)
def test_it_is_good_in_its_own_place_only(key: str, program: str, name: str) -> None:
    """One program's secret, copied into another's record, lets nobody in."""
    with pytest.raises(DecryptionFailed, match="signing key"):
        unseal(key, program, name, seal(KEY, "p", "n", "secret"))


def test_what_was_never_sealed_is_not_ours() -> None:
    """A record that somebody wrote by hand is refused, not believed."""
    with pytest.raises(DecryptionFailed):
        unseal(KEY, "p", "n", "not sealed")
