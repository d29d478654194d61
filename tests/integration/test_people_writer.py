"""The writer of people on a real broker."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from kafka import TopicPartition

from referral.clock import SystemClock
from referral.config import Settings
from referral.events.people import PeopleEntity, Person, PersonText, Profile, people_key
from referral.log.connection import create_consumer
from referral.log.errors import NotDurable
from referral.people.people_writer import PeopleWriter
from referral.topics import partition_of

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def records_of(number: int) -> list[PeopleEntity]:
    """A person, their profile and a text about them."""
    id, external_id = f"psn_{number:016}", f"xhs:u{number}"
    return [
        Person(id=id, program="prg_t", recorded_at=NOW, external_id=external_id),
        Profile(id=id, program="prg_t", recorded_at=NOW, external_id=external_id, display_name="Amy"),
        PersonText(
            id=id, program="prg_t", recorded_at=NOW, text_id="txt_0123456789abcdef", kind="note", text="called us"
        ),
    ]


def read_people(settings: Settings) -> list[tuple[int, str, bytes | None]]:
    """Partition, key and value of every record, in the order of each partition."""
    consumer = create_consumer(settings)
    places = [TopicPartition(settings.topic_prefix + "people", number) for number in range(settings.partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends, found = consumer.end_offsets(places), []
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(timeout_ms=200).items():
            found += [(place.partition, record.key.decode(), record.value) for record in records]
    consumer.close()
    return found


def test_every_record_of_a_person_is_on_their_partition_and_tombstones_come_last(settings: Settings) -> None:
    """A reader of one partition sees all of a person in the order written."""
    written = [entity for number in range(50) for entity in records_of(number)]
    erased = [people_key(entity) for entity in records_of(7)]
    writer = PeopleWriter(settings, SystemClock())
    writer.write(written, erased)
    writer.close()
    found = read_people(settings)
    assert {place for place, _, _ in found} == set(range(settings.partitions))
    assert all(place == partition_of(key.split("/")[1], settings.partitions) for place, key, _ in found)
    values = [msgspec.json.decode(value, type=PeopleEntity) for _, _, value in found if value is not None]
    assert sorted(map(people_key, values)) == sorted(map(people_key, written))
    of_seven = [(key, value is None) for _, key, value in found if key in erased]
    assert of_seven == [(key, False) for key in erased] + [(key, True) for key in erased]


def test_people_without_an_acknowledgement_are_reported(settings: Settings) -> None:
    """NotDurable within the time-out, so that nothing that refers to them is written."""
    nowhere = replace(settings, kafka="127.0.0.1:1", ack_timeout_ms=300)
    with pytest.raises(NotDurable):
        PeopleWriter(nowhere, SystemClock()).write(records_of(1))
