"""Return addresses: whose e-mail came back, whatever servers do to the address; nobody can make one for another person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.ids import format_id, id_digest, person_digest, person_of
from referral.key_ring import KeyRing
from referral.return_addresses import MAX_LOCAL_PART, ReturnAddresses
from referral.tokens import InvalidTokenError
from tests.support.settings import SIGNING_KEY

RING = KeyRing.parse("", SIGNING_KEY)
RETURNS = ReturnAddresses(RING, "bounce@mail.glow.example")
PEOPLE = st.binary(min_size=10, max_size=10).map(lambda digest: format_id("psn", digest))
TIMES = st.integers(0, 4_000_000_000_000)


@given(PEOPLE, st.text(min_size=1, max_size=80), TIMES, st.booleans())
def test_what_comes_back_names_the_person_the_program_and_the_second(
    person: str, program: str, at_ms: int, upper: bool
) -> None:
    """In any case of letters, in a header with a name around it; the part before the @ has at most 64 characters."""
    address = RETURNS.make(program, person, at_ms)
    assert len(address.partition("@")[0]) <= 64
    mail = RETURNS.read(f"Mail <{address.upper() if upper else address}>, other@example.com")
    assert (mail.person, mail.find_program(["prg_other", program])) == (person, program)
    assert 0 <= mail.sent_ms - at_ms < 1000
    assert mail.find_program([]) is None


@given(PEOPLE, TIMES, st.integers(7, 50), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_character_makes_it_invalid(person: str, at_ms: int, position: int, character: str) -> None:
    """Wherever it is, but for the last one, which has a bit that means nothing."""
    address = RETURNS.make("prg_glow", person, at_ms)
    changed = address[:position] + character + address[position + 1 :]
    if changed != address:
        with pytest.raises(InvalidTokenError):
            RETURNS.read(changed)


def test_another_installation_cannot_make_one() -> None:
    """Nor does a text without a token have one."""
    foreign = ReturnAddresses(KeyRing.parse("", "another-signing-key-of-forty-characters!"), "bounce@mail.glow.example")
    with pytest.raises(InvalidTokenError, match="forged"):
        RETURNS.read(foreign.make("prg_glow", format_id("psn", b"0123456789"), 0))
    for text in ("", "bounce@mail.glow.example", "bounce+short@mail.glow.example", "bounce+" + "1" * 45 + "@mail"):
        with pytest.raises(InvalidTokenError, match="malformed"):
            RETURNS.read(text)


def test_a_rotated_key_reads_what_it_signed() -> None:
    """E-mails come back for days."""
    old = ReturnAddresses(RING, "b" * MAX_LOCAL_PART + "@m.example").make(
        "prg_glow", format_id("psn", b"0123456789"), 1_000
    )
    rotated = ReturnAddresses(KeyRing.parse("tokens:new:" + "n" * 40, SIGNING_KEY), "b@m.example")
    assert rotated.read(old).sent_ms == 1_999
    assert ReturnAddresses(RING, "").make("prg_glow", "psn_x", 0) == ""


@given(st.binary(min_size=10, max_size=10))
def test_the_digest_of_an_id_is_read_back(digest: bytes) -> None:
    """Of every id that has 16 characters; person ids have functions of their own."""
    assert id_digest(format_id("psn", digest)) == digest
    assert person_digest(person_of(digest)) == digest
    assert person_of(digest) == format_id("psn", digest)


@given(st.tuples(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10)))
def test_digests_sort_as_their_person_ids_do(digests: tuple[bytes, bytes]) -> None:
    """Boards order ties by the digest, closed boards and documents by the id."""
    one, other = digests
    assert (one < other) == (person_of(one) < person_of(other))


@pytest.mark.parametrize("member", [b"", b"012345678", b"psn_0123456789abcdef"])
def test_a_member_of_a_board_in_an_older_form_is_refused_with_the_remedy(member: bytes) -> None:
    """It was the text of a person id until decision 0088."""
    with pytest.raises(ValueError, match="delete that state while the fold is stopped"):
        person_of(member)


@pytest.mark.parametrize("text", ["", "psn_", "psn_short", "psn_" + "l" * 16, "psn_" + "0" * 17])
def test_what_is_no_id_has_no_digest(text: str) -> None:
    """It is refused instead of being cut."""
    with pytest.raises(ValueError, match="no id"):
        id_digest(text)
    with pytest.raises(ValueError, match="no person id"):
        person_digest(text)
    with pytest.raises(ValueError, match="no person id"):
        person_digest("ref_" + "0" * 16)
