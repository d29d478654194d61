"""Sealed secrets: they can be decrypted with the same signing key, program and name only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.encryption import DecryptionFailed, seal, unseal
from referral.key_ring import KeyRing

KEYS = KeyRing.parse("", "the key of this installation, long enough")
OTHERS = KeyRing.parse("", "the key of another installation, as long")
_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1f"), max_size=20)


@given(_names, _names, _names)
def test_a_sealed_secret_is_decrypted_again_and_is_not_visible(program: str, name: str, secret: str) -> None:
    """Without the key, the catalog reveals no secret, nor that two of them are equal."""
    sealed = seal(KEYS, program, name, secret)
    assert unseal(KEYS, program, name, sealed) == secret
    assert sealed != seal(KEYS, program, name, secret)


@pytest.mark.parametrize(
    ("keys", "program", "name"),
    [(OTHERS, "p", "n"), (KEYS, "q", "n"), (KEYS, "p", "m"), (KEYS, "pn", "")],
)
def test_it_is_valid_for_its_own_program_and_name_only(keys: KeyRing, program: str, name: str) -> None:
    """The sealed secret of one program, copied into the record of another, cannot be decrypted."""
    with pytest.raises(DecryptionFailed, match="has another value now"):
        unseal(keys, program, name, seal(KEYS, "p", "n", "secret"))


def test_text_that_was_never_sealed_is_refused() -> None:
    """Such as a record written by hand."""
    with pytest.raises(DecryptionFailed):
        unseal(KEYS, "p", "n", "not sealed")
