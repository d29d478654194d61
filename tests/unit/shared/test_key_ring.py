"""The key ring: the newest key of a purpose signs, older ones read, and no key serves another purpose."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.encryption import DecryptionFailed, key_id_of, seal, unseal
from referral.events.facts import ClickToken
from referral.key_ring import PURPOSES, InvalidKeys, KeyPurpose, KeyRing
from referral.tokens import REMOVED_KEY, InvalidTokenError, TokenSigner

SIGNING_KEY = "the signing key from before there were rings"
CLICK = ClickToken(id="clk_1", program="prg_glow", participant="par_1", code="AMY88", clicked_at_ms=1_790_000_000_000)
READ = {
    "click": (lambda signer: signer.sign_click(CLICK), lambda signer, token: signer.read_click(token) == CLICK),
    "guide": (
        lambda signer: signer.sign_guide("rwd_1", 2_000),
        lambda signer, token: signer.read_guide(token, 1_000) == "rwd_1",
    ),
}


ROTATED = [purpose for purpose in PURPOSES if purpose != "pseudonyms"]


def ring(*ids: str, signing_key: str = "") -> KeyRing:
    """A ring with keys of these ids for every purpose, the newest first; of pseudonyms it has the last one alone."""
    entries = [f"{purpose}:{id}:{value(purpose, id)}" for id in ids for purpose in ROTATED]
    return KeyRing.parse(",".join([*entries, f"pseudonyms:{ids[-1]}:{value('pseudonyms', ids[-1])}"]), signing_key)


def value(purpose: KeyPurpose, id: str) -> str:
    """The value of a key."""
    return f"{purpose}-{id}".ljust(32, "x")


ids = st.lists(st.from_regex(r"[a-z0-9][a-z0-9-]{0,15}", fullmatch=True), min_size=1, max_size=4, unique=True)


@given(ids, st.booleans(), st.data())
def test_what_any_key_of_the_ring_made_is_read_until_the_key_is_removed(
    names: list[str], has_signing_key: bool, data: st.DataObject
) -> None:
    """Whatever the order of the keys; afterwards the refusal is clear, and nothing else is read instead."""
    signing_key = SIGNING_KEY if has_signing_key else ""
    made_with = data.draw(st.sampled_from([*names, ""] if has_signing_key else names))
    then = ring(made_with) if made_with else KeyRing.parse("", SIGNING_KEY)
    now = ring(*names, signing_key=signing_key)
    sealed = seal(then, "prg_glow", "shop", "secret")
    assert key_id_of(sealed) == made_with
    assert unseal(now, "prg_glow", "shop", sealed) == "secret"
    removed = ring("other-key-" + "x" * 6) if made_with or len(names) > 1 else ring(*names)
    for sign, reads in READ.values():
        token = sign(TokenSigner(then))
        assert reads(TokenSigner(now), token)
        with pytest.raises(InvalidTokenError, match=REMOVED_KEY):
            reads(TokenSigner(removed), token)
    with pytest.raises(DecryptionFailed, match="REFERRAL_KEYS does not have" if made_with else "REFERRAL_SIGNING_KEY"):
        unseal(removed, "prg_glow", "shop", sealed)


@given(ids)
def test_the_first_key_of_a_purpose_signs(names: list[str]) -> None:
    """Tokens and sealed values carry its id; those of a signing key alone look as they always did."""
    now = ring(*names, signing_key=SIGNING_KEY)
    token = TokenSigner(now).sign_click(CLICK)
    assert token.split(".")[0] == names[0]
    assert TokenSigner(now).peek_click(token) == CLICK
    assert key_id_of(seal(now, "p", "n", "secret")) == names[0]
    alone = KeyRing.parse("", SIGNING_KEY)
    assert TokenSigner(alone).sign_click(CLICK).count(".") == 1
    assert "." not in seal(alone, "p", "n", "secret")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_key_of_one_purpose_reads_nothing_of_another(purpose: KeyPurpose) -> None:
    """Also if it has the same id and, by mistake of a stranger's file, the same value."""
    of_one = KeyRing({other: ring("a").all("codes" if other == purpose else other) for other in PURPOSES})
    whole = ring("a")
    if purpose == "tokens":
        with pytest.raises(InvalidTokenError, match="forged"):
            TokenSigner(of_one).read_click(TokenSigner(whole).sign_click(CLICK))
    if purpose == "sealing":
        with pytest.raises(DecryptionFailed, match="another value"):
            unseal(of_one, "p", "n", seal(whole, "p", "n", "secret"))
    assert {whole.newest(other).value for other in PURPOSES} == {value(other, "a") for other in PURPOSES}
    assert whole.find(purpose, "b") is None


def test_a_file_has_one_key_in_each_line(tmp_path: Path) -> None:
    """With comments and blank lines; written by any editor."""
    lines = ["# newest first", "", *(f"{purpose}:2026b:{value(purpose, 'b')}  # since March" for purpose in PURPOSES)]
    file = tmp_path / "keys"
    file.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert KeyRing.parse(f"file:{file}", "").newest("sealing").id == "2026b"


def test_a_purpose_without_a_key_is_named() -> None:
    """The signing key serves the purposes that the list leaves out; without it every purpose needs a key."""
    tokens = f"tokens:2026b:{value('tokens', 'b')}"
    assert KeyRing.parse(tokens, SIGNING_KEY).newest("codes").id == ""
    with pytest.raises(InvalidKeys, match="no key for codes and sealing"):
        KeyRing.parse(tokens, "")


def test_a_key_is_never_shown() -> None:
    """A ring appears in no log."""
    assert "xxxx" not in repr(ring("a").all("tokens"))
