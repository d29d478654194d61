"""Ids that look like the referrer's are held; other people's are not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.screening.catalogue import Finding, screen
from conversion_tracker.screening.rule import ScreeningCase
from referral.events.screening import Screening
from referral.people.confusable_characters import ascii_look_alikes
from referral.people.id_skeleton import id_skeleton
from tests.support.builders.participants import AMY, PROGRAM, PSEUDONYMS
from tests.support.builders.screening import RULES_BY_NAME, referral


def _person_id(external_id: str) -> str:
    return PSEUDONYMS.person_id(PROGRAM, external_id)


def _look_alike(external_id: str) -> str:
    return PSEUDONYMS.look_alike(PROGRAM, external_id)


def _findings(referrer: str, person: str) -> tuple[Finding, ...]:
    known = replace(AMY, id=_person_id(referrer), look_alike=_look_alike(referrer))
    case = ScreeningCase(referral(_person_id(person), look_alike=_look_alike(person)), known)
    return screen(case, Screening(), [RULES_BY_NAME["similar_id"]])


@pytest.mark.parametrize(
    "person",
    [
        "xhs:mallory",
        "xhs:MALLORY",
        "xhs:Mallory´",
        "xhs:Mallory.",
        "xhs:_Mallory_",
        "xhs:Mal-lory",
        "xhs:Mál\u0301lory",
        "xhs:Мallory",
        "xhs:мallory",
        "xhs:Mаllоry",
        "xhs:𝐌𝐚𝐥𝐥𝐨𝐫𝐲",
        "xhs:Ｍａｌｌｏｒｙ",
        "xhs:Ⓜallory",
        "xhs:MaIlory",
        "xhs:Ma1lory",
        "xhs:Ma|lory",
        "xhs:Mallοry",
        "xhs:Mall0ry",
        "xhs:Mal\u200blory",
        "хhs:Mallory",
        "xhs/Mallory",
        "xhs∶Mallory",
        "xhs꞉Mallory",
        "xhsMallory",
        "xhs:Malloryʼ",
        "xhs:Malloryˊ",
        "xhs:Malloryـ",
        "xhs:Mallory˛",
        "xhs:Mallory_ː",
        "XHS:Mallory",
    ],
)
def test_a_friend_whose_id_looks_like_the_referrers_is_held(person: str) -> None:
    """The cheapest self-referral: one's own id, spelt a little differently each time."""
    ((outcome, reason, observed),) = [
        (one.outcome, one.reason, one.observed) for one in _findings("xhs:Mallory", person)
    ]
    assert (outcome, reason, observed) == ("held", "similar_id", {})


@pytest.mark.parametrize(
    ("referrer", "person"),
    [
        ("xhs:mallory", "xhs:mallory2"),
        ("xhs:mallory", "xhs:malory"),
        ("xhs:mallory", "xhs:amy"),
        ("xhs:mallory", "weibo:mallory"),
        ("xhs:1001", "xhs:1010"),
        ("xhs:1-23", "xhs:12-3"),
        ("xhs:小美", "xhs:小妹"),
        ("xhs:佐々木", "xhs:佐木"),
        ("xhs:カー", "xhs:カ"),
        ("xhs:mʰamy", "xhs:mamy"),
        ("xhs:🙂", "xhs:🙃"),
        ("xhs:...", "xhs:!!!"),
        ("7", "8"),
    ],
)
def test_another_persons_id_is_let_pass(referrer: str, person: str) -> None:
    """A different letter, number or platform is a different person; so are ids of emoji or punctuation alone."""
    assert _findings(referrer, person) == ()


def test_the_same_id_is_self_referral_and_nothing_else() -> None:
    """It has a rule of its own, with an action of its own."""
    assert _findings("xhs:mallory", "xhs:mallory") == ()


def test_where_the_colon_stands_does_not_count() -> None:
    """So that xhs/mallory is like xhs:mallory; then shop_1:23 is like shop_12:3, which a reviewer can see at once."""
    assert _findings("shop_1:23", "shop_12:3")


def test_a_person_without_a_look_alike_form_is_let_pass() -> None:
    """Who was enrolled without an event, and whose participant record has none."""
    assert not screen(ScreeningCase(referral("psn_1"), AMY), Screening(), [RULES_BY_NAME["similar_id"]])
    line = referral("psn_1", look_alike=AMY.look_alike)
    assert not screen(ScreeningCase(line, None), Screening(), [RULES_BY_NAME["similar_id"]])


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_numbers_are_never_confused(one: int, other: int) -> None:
    """Many platforms count their people."""
    assert (id_skeleton(f"xhs:{one}") == id_skeleton(f"xhs:{other}")) == (one == other)


@given(st.text(max_size=128))
def test_every_id_has_a_skeleton(text: str) -> None:
    """Whatever platforms use as ids: none is like the empty one."""
    assert id_skeleton(text) or not text


@given(st.text(st.characters(codec="ascii"), max_size=128))
def test_case_is_no_difference(text: str) -> None:
    """Also of letters that look like digits."""
    assert id_skeleton(text.upper()) == id_skeleton(text.lower())


def test_the_table_maps_to_ascii_only() -> None:
    """So that a skeleton of Latin letters is the same in every script that imitates them."""
    table = ascii_look_alikes()
    assert all(code > 127 and target.isascii() and len(target) == 1 for code, target in table.items())
    assert (table[ord("М")], table[ord("а")], table[ord("ο")]) == ("M", "a", "o")


def test_the_longest_id_is_compared_in_bounded_time() -> None:
    """Ids have at most 128 characters, each of which may decompose."""
    began = time.process_time()
    for number in range(100):
        id_skeleton(f"xhs:{'ﷺ' * 120}{number}")
    assert time.process_time() - began < 1
