"""Pseudonyms: the same for the same text of a program, another for any other, and not computable without the key."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.ids import is_person_id
from referral.key_ring import KeyRing
from referral.people.pseudonyms import Pseudonyms
from tests.support.settings import SIGNING_KEY

PSEUDONYMS = Pseudonyms(KeyRing.parse("", SIGNING_KEY))
PROGRAMS = st.sampled_from(["prg_a", "prg_b", "prg_ab"])
IDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(PROGRAMS, IDS, PROGRAMS, IDS)
def test_two_people_have_two_ids(program: str, id: str, other_program: str, other_id: str) -> None:
    """The same text in another program is another person; where one part ends and the next begins makes a difference."""
    same = (program, id) == (other_program, other_id)
    assert (PSEUDONYMS.person_id(program, id) == PSEUDONYMS.person_id(other_program, other_id)) == same
    assert is_person_id(PSEUDONYMS.person_id(program, id))


@given(IDS)
def test_each_kind_has_pseudonyms_of_its_own(text: str) -> None:
    """A post that is named like a device has nothing in common with it."""
    made = [
        PSEUDONYMS.person_id("prg_a", text),
        PSEUDONYMS.mention("prg_a", text),
        PSEUDONYMS.look_alike("prg_a", text),
        PSEUDONYMS.post("prg_a", text),
        PSEUDONYMS.event("prg_a", text),
        PSEUDONYMS.device("prg_a", text),
        PSEUDONYMS.network("prg_a", text),
    ]
    assert len({one.partition("_")[2] for one in made}) == len(made)


@given(IDS)
def test_another_key_gives_another_pseudonym(text: str) -> None:
    """Who has the log and a list of ids, but not the key, can confirm none of them."""
    other = Pseudonyms(KeyRing.parse("", SIGNING_KEY[::-1]))
    assert other.person_id("prg_a", text) != PSEUDONYMS.person_id("prg_a", text)


def test_devices_have_a_key_that_can_be_rotated() -> None:
    """Then devices from before and after do not match; people stay the same."""
    rotated = Pseudonyms(KeyRing.parse(f"devices:2026b:{'d' * 32}", SIGNING_KEY))
    assert rotated.device("prg_a", "d1") != PSEUDONYMS.device("prg_a", "d1")
    assert rotated.network("prg_a", "n1") != PSEUDONYMS.network("prg_a", "n1")
    assert rotated.person_id("prg_a", "xhs:amy") == PSEUDONYMS.person_id("prg_a", "xhs:amy")


def test_a_mention_has_one_pseudonym_in_every_form() -> None:
    """However it was typed."""
    assert len({PSEUDONYMS.mention("prg_a", text) for text in ("@Amy", "amy", " @AMY ", "ａｍｙ", "“@amy”")}) == 1


def test_each_erasure_gives_an_external_id_another_person_id() -> None:
    """The first id stays the one under which erasures are recorded."""
    erasures: dict[str, int] = {}
    pseudonyms = Pseudonyms(KeyRing.parse("", SIGNING_KEY), lambda first: erasures.get(first, 0))
    ids = []
    for epoch in range(3):
        erasures[pseudonyms.first_person_id("prg_a", "xhs:amy")] = epoch
        ids.append(pseudonyms.person_id("prg_a", "xhs:amy"))
    assert len(set(ids)) == 3
    assert ids[0] == pseudonyms.first_person_id("prg_a", "xhs:amy")


def test_a_path_may_have_a_person_id_or_an_external_id_in_any_form() -> None:
    """An invalid external id finds no one."""
    amy = PSEUDONYMS.person_id("prg_a", "xhs:amy")
    assert {PSEUDONYMS.person_id_to_find("prg_a", text) for text in (amy, "xhs:amy", "XHS:amy", " xhs:amy")} == {amy}
    assert PSEUDONYMS.person_id_to_find("prg_a", "a b") != amy
    assert not is_person_id("psn_il0ou")
