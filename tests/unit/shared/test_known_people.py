"""Who a person is, from what events reported and what they gave at enrolment."""

import pytest

from referral.events.people import PersonErased
from referral.log.errors import LogUnavailable
from referral.people.known_people import KnownPerson, known_people
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People, people_in_memory
from tests.support.builders.participants import AMY, PROGRAM, START, person, person_id, profile

FRIEND = person_id("xhs:friend1")


def test_a_person_is_known_from_either_record() -> None:
    """A follower by the events that reported them, a participant by their enrolment, which has a name."""
    people = people_in_memory([person("xhs:friend1"), person("xhs:amy"), profile("amy"), profile("bo", public=False)])
    found = known_people([FRIEND, AMY.id, person_id("xhs:bo"), "psn_0000000000000000"], people)
    assert list(found.values()) == [
        KnownPerson("xhs:friend1"),
        KnownPerson("xhs:amy", "Amy", public=True),
        KnownPerson("xhs:bo", "Bo"),
        None,
    ]


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (KnownPerson("xhs:amy", "Amy", public=True), "Amy"),
        (KnownPerson("xhs:amy", "Amy"), None),
        (KnownPerson("xhs:amy", "\u200b", public=True), None),
        (KnownPerson("xhs:amy", public=True), None),
    ],
)
def test_a_name_is_public_if_it_may_be_shown_and_can_be_seen(known: KnownPerson, name: str | None) -> None:
    """Never the platform's id in its place."""
    assert known.public_name == name


def test_a_missing_person_is_read_once_and_an_erased_one_never() -> None:
    """However many are missing. Who is erased will not come back under the same id."""
    index, reads = MemoryPeople(), list[int]()

    def read() -> None:
        reads.append(1)
        index.apply(profile("amy"))

    people = People(index, refresh=read)
    assert known_people([AMY.id, FRIEND], people)[AMY.id] == KnownPerson("xhs:amy", "Amy", public=True)
    assert reads == [1]
    index.apply(PersonErased(recorded_at=START, id=FRIEND, program=PROGRAM, epoch=1, erased=FRIEND))
    assert known_people([FRIEND], people) == {FRIEND: None}
    assert reads == [1]


def test_a_snapshot_does_not_wait_for_the_log() -> None:
    """A page is shown while the log is unavailable, without the names of new people."""

    def read() -> None:
        raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")

    people = People(MemoryPeople(), refresh=read)
    assert known_people([FRIEND], people.snapshot()) == {FRIEND: None}
    with pytest.raises(LogUnavailable):
        known_people([FRIEND], people)
