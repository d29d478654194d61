"""Links of the join page: they name their person to this system alone, for half an hour, in one program."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.key_ring import KeyRing
from referral.people.join_links import VALID_MS, InvalidJoinLink, read_join_link, write_join_link
from referral.people.join_proofs import has_request_code, proof_code, request_code
from referral.people.pseudonyms import Pseudonyms
from tests.support.settings import SIGNING_KEY

RING = KeyRing.parse("", SIGNING_KEY)
KNOWN = Pseudonyms(RING)
QUARTER_MS = 15 * 60 * 1000
TIMES = st.integers(QUARTER_MS, 4_000_000_000_000)


def _token(external_id: str, at_ms: int) -> str:
    return write_join_link(RING, "prg_glow", external_id, at_ms).rpartition("/")[2]


@given(st.text(min_size=1, max_size=128), TIMES, st.integers(0, 2 * VALID_MS))
def test_a_link_is_valid_for_half_an_hour(external_id: str, at_ms: int, later_ms: int) -> None:
    """And its address does not have the id of the person."""
    token = _token(external_id, at_ms)
    if later_ms < VALID_MS:
        assert read_join_link(RING, "prg_glow", token, at_ms + later_ms).external_id == external_id
    else:
        with pytest.raises(InvalidJoinLink, match="expired"):
            read_join_link(RING, "prg_glow", token, at_ms + later_ms)


@pytest.mark.parametrize("change", [lambda token: token[:-4] + "AAAA", lambda _: "", lambda token: token * 9])
def test_a_changed_link_is_invalid(change: Callable[[str], str]) -> None:
    """So is that of another program, and one from the future."""
    token = _token("web:amy@example.com", 1_000)
    with pytest.raises(InvalidJoinLink):
        read_join_link(RING, "prg_glow", change(token), 1_000)
    for program, now_ms in (("prg_shop", 1_000), ("prg_glow", 999)):
        with pytest.raises(InvalidJoinLink):
            read_join_link(RING, program, token, now_ms)


@given(TIMES, st.integers(0, 3 * QUARTER_MS))
def test_the_code_of_a_request_is_valid_for_a_quarter_of_an_hour_or_two(at_ms: int, later_ms: int) -> None:
    """In its own program; the code of a claim is none."""
    code = request_code(KNOWN, "prg_glow", at_ms)
    is_valid = has_request_code(KNOWN, "prg_glow", f"我要加入 {code.lower()}", at_ms + later_ms)
    if later_ms < QUARTER_MS:
        assert is_valid
    if later_ms >= 2 * QUARTER_MS:
        assert not is_valid
    assert not has_request_code(KNOWN, "prg_shop", code, at_ms)
    assert not has_request_code(KNOWN, "prg_glow", proof_code(KNOWN, "prg_glow", "psn_amy", "7K2M9"), at_ms)
