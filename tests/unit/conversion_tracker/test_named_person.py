"""Answers name people as the directory knows them, and no one who was erased."""

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import attribution_response
from conversion_tracker.attribution.referrer_response import referrer_response
from conversion_tracker.bans.ban import Ban
from conversion_tracker.bans.ban_response import ban_response
from conversion_tracker.named_person import NamedPerson, named_person, note_text, person_label
from conversion_tracker.person_request import new_note, shown_note
from conversion_tracker.replay.comparison import BeforeAfter, Totals
from conversion_tracker.replay.result import (
    AsRecorded,
    RefereeChange,
    RefereeChanges,
    ReferrerChange,
    ReferrerChanges,
    ReplayResult,
    people_in,
    with_names,
)
from conversion_tracker.screening.conversion import Conversion, Review
from conversion_tracker.screening.conversion_response import conversion_response
from referral.events.attributions import Evidence
from referral.events.people import PersonErased, PersonText
from referral.events.timestamps import to_ms
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People
from tests.support.builders.conversion_tracker import NOTE, catalog
from tests.support.builders.participants import AMY, PROGRAM, day, mention_id, person, person_id, profile

FRIEND = person_id("xhs:u")
TEXT = PersonText(id=FRIEND, program=PROGRAM, recorded_at=day(1), text_id=NOTE, kind="note", text="a twin")
CONVERSION = Conversion(
    PROGRAM,
    "ref_1",
    FRIEND,
    AMY.id,
    1,
    Evidence(kind="mention", touched_at=day(1), event="evt_1", code=mention_id("@amy")),
    to_ms(day(1)),
    review=Review("cleared", "kim", to_ms(day(2)), NOTE),
)
SAME = BeforeAfter(1, 1)
REPLAY = ReplayResult(
    Totals(SAME, SAME, SAME, SAME, SAME, (), ()),
    ReferrerChanges(1, 0, (ReferrerChange(NamedPerson(AMY.id, None, None), BeforeAfter(0, 1), SAME),)),
    RefereeChanges(1, (RefereeChange(FRIEND, None, None, NamedPerson(AMY.id, None, None)),)),
    AsRecorded(True, 1, 0, ()),
)


def _index() -> MemoryPeople:
    index = MemoryPeople()
    for entity in (profile("amy"), person("xhs:u"), TEXT):
        index.apply(entity)
    return index


def _erase(index: MemoryPeople, id: str) -> None:
    index.apply(PersonErased(id=id, program=PROGRAM, recorded_at=day(3), epoch=1, erased=id))
    for key in (f"person/{id}", f"profile/{id}", f"person_text/{id}/{NOTE}"):
        index.erase(key)


def test_people_are_named_until_they_are_erased() -> None:
    """A participant by name and platform id, another person by the platform's id; afterwards by the person id alone."""
    index = _index()
    people = People(index)
    assert named_person(AMY.id, people) == NamedPerson(AMY.id, "xhs:amy", "Amy")
    assert named_person(FRIEND, people) == NamedPerson(FRIEND, "xhs:u", None)
    assert [person_label(id, people) for id in (AMY.id, FRIEND)] == ["Amy (xhs:amy)", "xhs:u"]
    assert (note_text(FRIEND, NOTE, people), note_text(FRIEND, None, people)) == ("a twin", "")
    for id in (AMY.id, FRIEND):
        _erase(index, id)
        assert named_person(id, people) == NamedPerson(id, None, None)
        assert person_label(id, people) == id
    assert note_text(FRIEND, NOTE, people) is None


def test_after_an_erasure_answers_have_the_same_figures_and_no_names() -> None:
    """Person, conversion, ban and referrer: external ids, names, mentions and notes are null."""
    index = _index()
    referrers = KnownReferrers(catalog(), People(index))
    before = conversion_response(CONVERSION, referrers)
    assert (before.person, before.external_id, before.evidence.code) == (FRIEND, "xhs:u", "@amy")
    assert before.review is not None
    assert before.review.note == "a twin"
    for id in (AMY.id, FRIEND):
        _erase(index, id)
    after = conversion_response(CONVERSION, referrers)
    assert (after.id, after.status, after.person, after.external_id) == (before.id, before.status, FRIEND, None)
    assert (after.referrer.id, after.referrer.external_id, after.referrer.display_name) == (AMY.id, None, None)
    assert after.evidence.code is None
    assert after.review is not None
    assert after.review.note is None
    ban = ban_response(FRIEND, Ban("lin", to_ms(day(2)), NOTE), referrers.people)
    assert (ban.person, ban.external_id, ban.by, ban.note) == (FRIEND, None, "lin", None)
    attribution = attribution_response(PROGRAM, FRIEND, Person(), None, referrers)
    assert (attribution.id, attribution.external_id) == (FRIEND, None)
    assert referrer_response(AMY.id, referrers).display_name is None


def test_the_result_of_a_replay_is_stored_without_names_and_answered_with_them() -> None:
    """Redis keeps it for a day, also after an erasure."""
    assert people_in(REPLAY) == {AMY.id, FRIEND}
    named = with_names(REPLAY, People(_index()))
    amy = NamedPerson(AMY.id, "xhs:amy", "Amy")
    assert named.referrers.items[0].participant == amy
    assert named.people.sample == (RefereeChange(FRIEND, "xhs:u", None, amy),)
    assert named.totals == REPLAY.totals


def test_a_note_about_an_erased_person_is_not_recorded() -> None:
    """No later erasure would find it: the decision is recorded, and the answer shows no note either."""
    index = _index()
    known = named_person(FRIEND, People(index))
    note = new_note(PROGRAM, known, "she called", day(4))
    assert note is not None
    assert (note.id, note.text, shown_note(note.text, known)) == (FRIEND, "she called", "she called")
    _erase(index, FRIEND)
    erased = named_person(FRIEND, People(index))
    assert (new_note(PROGRAM, erased, "she called", day(4)), shown_note("she called", erased)) == (None, None)
    assert new_note(PROGRAM, known, " ", day(4)) is None
