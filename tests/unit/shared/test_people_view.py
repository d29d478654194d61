"""People: the newest record of each key, tombstones, erased ids, and one refresh for all that is missing."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from referral.events.people import PeopleEntity, Person, PersonErased, PersonText, Profile, people_key
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People, people_in_memory

AT = datetime(2026, 11, 1, tzinfo=UTC)
IDS = [f"psn_{letter * 16}" for letter in "abc"]
TEXT_IDS = [f"txt_{letter * 16}" for letter in "xyz"]


def _person(id: str, handle: str | None = None) -> Person:
    return Person(id=id, program="prg_x", external_id="xhs:" + id[-1], handle=handle, recorded_at=AT)


def _text(id: str, text_id: str, text: str) -> PersonText:
    return PersonText(id=id, program="prg_x", text_id=text_id, kind="note", text=text, recorded_at=AT)


def _erased(first: str, ended: str, epoch: int) -> PersonErased:
    return PersonErased(id=first, program="prg_x", epoch=epoch, erased=ended, recorded_at=AT)


def _profile(id: str, name: str) -> Profile:
    return Profile(id=id, program="prg_x", external_id="xhs:" + id[-1], display_name=name, recorded_at=AT)


records = st.one_of(
    st.builds(_person, st.sampled_from(IDS), st.sampled_from([None, "amy", "mei"])),
    st.builds(_profile, st.sampled_from(IDS), st.sampled_from(["Amy", "Mei"])),
    st.builds(_text, st.sampled_from(IDS), st.sampled_from(TEXT_IDS), st.sampled_from(["good", "late"])),
    st.builds(_erased, st.sampled_from(IDS), st.sampled_from(IDS), st.integers(1, 3)),
)


@given(st.lists(st.tuples(records, st.booleans())))
def test_index_has_the_newest_record_of_each_key_and_none_after_a_tombstone(
    history: list[tuple[PeopleEntity, bool]],
) -> None:
    """Records of every kind and tombstones in any order."""
    index, newest = MemoryPeople(), dict[str, PeopleEntity]()
    for record, kept in history:
        index.apply(record)
        newest[people_key(record)] = record
        if not kept:
            index.erase(people_key(record))
            del newest[people_key(record)]
    for id in IDS:
        assert index.person(id) == newest.get(f"person/{id}")
        assert index.profile(id) == newest.get(f"profile/{id}")
        assert index.erasure(id) == newest.get(f"person_erased/{id}")
        texts = [text for t in TEXT_IDS if isinstance(text := newest.get(f"person_text/{id}/{t}"), PersonText)]
        assert index.texts(id, "", 10) == texts
        assert index.texts(id, TEXT_IDS[0], 1) == [text for text in texts if text.text_id > TEXT_IDS[0]][:1]


def test_one_refresh_finds_all_that_is_missing() -> None:
    """However many are looked up at once; what is known needs none."""
    index, refreshes = MemoryPeople(), list[int]()

    def refresh() -> None:
        refreshes.append(1)
        for id in IDS:
            index.apply(_person(id))

    people = People(index, refresh)
    assert all(people.people_by_id(IDS).values())
    assert people.person(IDS[0]) == _person(IDS[0])
    assert len(refreshes) == 1


def test_an_erased_person_is_unknown_without_a_refresh() -> None:
    """Pages that name them never wait for the log."""
    index = MemoryPeople()
    people = People(index, refresh=lambda: (_ for _ in ()).throw(AssertionError))
    index.apply(_erased(IDS[0], IDS[1], 2))
    assert people.person(IDS[1]) is None
    assert people.text(IDS[1], TEXT_IDS[0]) is None
    assert people.is_erased(IDS[1])
    assert (people.epoch(IDS[0]), people.epoch(IDS[1])) == (2, 0)


def test_people_in_memory_answers_from_the_given_records() -> None:
    """As tests and pages need it."""
    people = people_in_memory([_profile(IDS[0], "Amy"), _text(IDS[0], TEXT_IDS[0], "good")])
    profile, text = people.profile(IDS[0]), people.text(IDS[0], TEXT_IDS[0])
    assert profile == _profile(IDS[0], "Amy")
    assert text == _text(IDS[0], TEXT_IDS[0], "good")
    assert people.person(IDS[0]) is None


def test_a_record_that_arrives_after_the_erasure_is_shown_by_no_look_up() -> None:
    """By id, several at once, and texts; with a refresh that would bring it, too. An erasure still finds its key."""
    id, late = IDS[0], [_person(IDS[0], "late"), _profile(IDS[0], "Late"), _text(IDS[0], TEXT_IDS[0], "late")]
    index = MemoryPeople()
    index.apply(_erased(id, id, 1))

    def refresh() -> None:
        for record in late:
            index.apply(record)

    for people in (People(index, refresh), people_in_memory([_erased(id, id, 1), *late])):
        refresh()
        assert (people.person(id), people.profile(id), people.text(id, TEXT_IDS[0])) == (None, None, None)
        assert (people.people_by_id([id]), people.profiles_by_id([id])) == ({id: None}, {id: None})
        assert people.texts(id) == people.snapshot().texts(id) == []
        assert people.snapshot().person(id) is None
        assert len(people.record_keys(id)) == 3
