"""The codes of the join page: each proves one claim of one person, and no other."""

from hypothesis import given
from hypothesis import strategies as st

from referral.key_ring import KeyRing
from referral.people.join_proofs import claim_id, find_claim, new_nonce, proof_code
from referral.people.pseudonyms import Pseudonyms
from tests.support.settings import SIGNING_KEY

KNOWN = Pseudonyms(KeyRing.parse("", SIGNING_KEY))
NONCES = st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=5, max_size=5)
AROUND = st.text(alphabet="我来了，！ 🌸.", max_size=10)


@given(NONCES, AROUND, AROUND)
def test_a_code_proves_the_claim_it_was_made_for_and_nothing_else(nonce: str, before: str, after: str) -> None:
    """Not for another person or program, nor with a character changed."""
    code = proof_code(KNOWN, "prg_glow", "psn_amy", nonce)
    text = f"{before}{code}{after}"
    assert find_claim(KNOWN, "prg_glow", "psn_amy", text) == claim_id(KNOWN, "prg_glow", "psn_amy", nonce)
    assert find_claim(KNOWN, "prg_glow", "psn_bo", text) is None
    assert find_claim(KNOWN, "prg_shop", "psn_amy", text) is None
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert find_claim(KNOWN, "prg_glow", "psn_amy", wrong) is None


@given(NONCES)
def test_a_code_may_be_written_with_spaces_and_letters_that_look_alike(nonce: str) -> None:
    """As people type what they read."""
    code = proof_code(KNOWN, "prg_glow", "psn_amy", nonce)
    typed = "JOIN" + code[4:].replace("-", " ").replace("0", "O").replace("1", "I")
    assert find_claim(KNOWN, "prg_glow", "psn_amy", typed) is not None


def test_claims_differ() -> None:
    """Two browsers that claim one handle have two codes."""
    assert len({new_nonce() for _ in range(100)}) > 95


def test_guesses_in_one_text_are_bounded() -> None:
    """Five codes of a text are looked at, so nobody can fill a comment with guesses."""
    right, wrong = proof_code(KNOWN, "prg_glow", "psn_amy", "7K2M9"), "JOIN-7K2M9-00000"
    assert right != wrong
    assert find_claim(KNOWN, "prg_glow", "psn_amy", f"{wrong} " * 4 + right) is not None
    assert find_claim(KNOWN, "prg_glow", "psn_amy", f"{wrong} " * 5 + right) is None
