"""Publisher, catalog and topics on a real broker."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count, islice

import pytest
from kafka import KafkaConsumer, TopicPartition
from prometheus_client import REGISTRY

from referral.catalog.follower import CatalogFollower
from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import Participant
from referral.http.health import LogCheck
from referral.log.ack import PendingAck
from referral.log.connection import create_consumer
from referral.log.errors import LogUnavailable, NotDurable, Overloaded
from referral.log.publisher import KeyedRecord, Publisher
from referral.log.records import split
from referral.log.topic_admin import TopicMismatch, ensure_topics
from referral.topics import EVENTS, PEOPLE, partition_of
from referral_tools.stack.stack import Stack
from tests.support.settings import SIGNING_KEY
from tests.support.waiting import is_within, wait_until

pytestmark = pytest.mark.integration
_ENROLLED_AT = datetime(2026, 11, 1, tzinfo=UTC)


def all_lines(settings: Settings) -> dict[int, list[bytes]]:
    """All lines of `events`, by partition."""
    places = [TopicPartition(settings.topic_prefix + "events", p) for p in range(settings.partitions)]
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    lines: dict[int, list[bytes]] = {}
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(timeout_ms=200).items():
            for record in records:
                lines.setdefault(place.partition, []).extend(split(record.value))
    consumer.close()
    return lines


def participant(number: int, partner: str | None = None) -> Participant:
    """A participant with the code AMY<number>."""
    return Participant(
        recorded_at=_ENROLLED_AT, id=f"psn_{number:016}", program="prg_t", code=f"AMY{number}", partner=partner
    )


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_every_acknowledged_line_is_on_the_log_in_its_partition(settings: Settings) -> None:
    """Single lines of many threads, and batches: each is there once, on the partition of its key."""
    publisher = Publisher(settings)

    def single(number: int) -> None:
        publisher.submit(EVENTS, f"k{number}", b"single-%d" % number).wait(150)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(single, range(400)))
    publisher.submit_many(EVENTS, [(f"k{number}", b"batch-%d" % number) for number in range(2500)]).wait(150)
    assert publisher.offer(EVENTS, "k1", b"offer-1")
    publisher.close()
    found = all_lines(settings)
    wanted = {b"single-%d" % n for n in range(400)} | {b"batch-%d" % n for n in range(2500)} | {b"offer-1"}
    lines = [line for partition in found.values() for line in partition]
    assert sorted(lines) == sorted(wanted)
    for partition, here in found.items():
        assert {partition_of(f"k{line.rsplit(b'-', 1)[1].decode()}", settings.partitions) for line in here} == {
            partition
        }


def people_on_log(settings: Settings) -> dict[bytes, list[tuple[int, bytes]]]:
    """The values of the records of `people` by key, each with its partition, in their order."""
    consumer = create_consumer(settings)
    partitions = [TopicPartition(settings.topic_prefix + PEOPLE.name, number) for number in range(settings.partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    wanted, found = sum(consumer.end_offsets(partitions).values()), dict[bytes, list[tuple[int, bytes]]]()
    while sum(map(len, found.values())) < wanted:
        for records in consumer.poll(200).values():
            for record in records:
                found.setdefault(bytes(record.key), []).append((record.partition, bytes(record.value)))
    consumer.close()
    return found


def test_records_of_people_are_acknowledged_together_with_lines(settings: Settings) -> None:
    """Of many threads, with a line and with a batch: each is a record with its key, on the partition of the person, in order."""
    publisher = Publisher(settings)

    def record(number: int, version: int = 0) -> KeyedRecord:
        return KeyedRecord(f"psn_{number}", b"person/psn_%d" % number, b"%d-%d" % (number, version))

    def single(number: int) -> None:
        publisher.publish(EVENTS, [(f"k{number}", b"single-%d" % number)], [record(number)])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(single, range(200)))
    batch = [record(number) for number in range(200, 2700)]
    publisher.publish(EVENTS, [(f"k{number}", b"batch-%d" % number) for number in range(50)], batch)
    publisher.publish(EVENTS, [("k1", b"single-1")], [record(1, version) for version in (1, 2, 3)])
    publisher.close()
    found = people_on_log(settings)
    assert len(found) == 2700
    assert [value for _, value in found[b"person/psn_1"]] == [b"1-0", b"1-1", b"1-2", b"1-3"]
    assert all(
        {place for place, _ in records} == {partition_of(key.decode().removeprefix("person/"), settings.partitions)}
        for key, records in found.items()
    )
    assert sum(map(len, all_lines(settings).values())) == 251


def test_records_of_people_that_are_not_acknowledged_are_reported(environ: dict[str, str], silent_broker: str) -> None:
    """With their lines, in time; and nothing is accepted beyond the limit in flight."""
    settings = Settings.from_env(
        environ | {"REFERRAL_KAFKA": silent_broker, "REFERRAL_ACK_TIMEOUT_MS": "300", "REFERRAL_MAX_IN_FLIGHT": "3"}
    )
    publisher = Publisher(settings)
    people = [KeyedRecord(f"psn_{number}", b"k%d" % number, b"x") for number in range(3)]
    with pytest.raises(Overloaded):
        publisher.publish(EVENTS, [("k", b"x")], people)
    assert publisher.in_flight() == 0
    began = time.monotonic()
    with pytest.raises(NotDurable):
        publisher.publish(EVENTS, [("k", b"x")], people[:1])
    assert is_within(2, began)


def test_a_broker_that_does_not_answer_is_reported_in_time_and_nothing_accumulates(
    environ: dict[str, str], silent_broker: str
) -> None:
    """NotDurable within the time-out, Overloaded beyond the limit of lines in flight; an offer is dropped and never blocks."""
    settings = Settings.from_env(
        environ | {"REFERRAL_KAFKA": silent_broker, "REFERRAL_ACK_TIMEOUT_MS": "300", "REFERRAL_MAX_IN_FLIGHT": "3"}
    )
    publisher = Publisher(settings)
    began = time.monotonic()
    acks = [publisher.submit(EVENTS, "k", b"x") for _ in range(2)]
    assert publisher.offer(EVENTS, "k", b"x")
    assert not publisher.offer(EVENTS, "k", b"x")
    with pytest.raises(Overloaded):
        publisher.submit(EVENTS, "k", b"x")
    for ack in acks:
        with pytest.raises(NotDurable):
            ack.wait(0.5)
    assert is_within(2, began)


def test_a_line_offered_after_close_is_refused_and_counted(settings: Settings) -> None:
    """An offered line is sent, or counted as dropped; none is lost uncounted."""
    publisher = Publisher(settings)
    assert publisher.offer(EVENTS, "k", b"in time")
    publisher.close()
    before = dropped()
    assert not publisher.offer(EVENTS, "k", b"too late")
    assert dropped() - before == 1
    with pytest.raises(Overloaded, match="stopping"):
        publisher.submit(EVENTS, "k", b"too late")
    assert [line for lines in all_lines(settings).values() for line in lines] == [b"in time"]


def dropped() -> float:
    """Offered lines that were dropped."""
    return REGISTRY.get_sample_value("referral_publisher_dropped_total", {"topic": "events"}) or 0.0


def test_every_reader_finds_an_entity_once_its_write_is_acknowledged(settings: Settings) -> None:
    """A look-up that misses reads the catalog to its end, so after the acknowledgement no reader reports it as unknown."""
    writer = CatalogWriter(settings, SystemClock())
    follower = CatalogFollower(settings).start()
    reader = CatalogReader(settings, Catalog(refresh=lambda: reader.read_to_end(30) is None))
    for number in range(20):
        writer.write([participant(number)], timeout=150)
        assert follower.view.code(f"amy{number}") == reader.view.code(f"AMY{number}") is not None
    assert follower.stale_reason() is None
    writer.write([participant(3, "ptn_a")], timeout=150)
    follower.read_to_end(30)
    assert follower.view.participant(participant(3).id) == participant(3, "ptn_a")
    assert len(follower.view) == 20
    follower.stop()
    reader.close()
    writer.close()


def test_without_a_broker_the_catalog_reports_nothing_as_unknown_and_is_not_ready(environ: dict[str, str]) -> None:
    """A look-up that misses must neither hang nor guess; readiness gives the reason."""
    follower = CatalogFollower(
        Settings.from_env(environ | {"REFERRAL_KAFKA": "127.0.0.1:1", "REFERRAL_ACK_TIMEOUT_MS": "1800"})
    ).start()
    began = time.monotonic()
    with pytest.raises(
        LogUnavailable, match=r"Cannot read the catalog from Kafka at 127\.0\.0\.1:1: .*broker is running"
    ):
        follower.view.participant("psn_unknown")
    assert is_within(3, began)
    assert follower.stale_reason() is not None
    follower.stop()


def test_a_caller_with_more_time_waits_until_the_broker_is_back(mortal: Stack, topic_prefix: str) -> None:
    """A read that fails is repeated for it, and fails a request of ordinary time."""
    settings = Settings(signing_key=SIGNING_KEY, kafka=mortal.kafka, topic_prefix=topic_prefix, directory="memory")
    ensure_topics(settings)
    follower = CatalogFollower(settings).start()
    mortal.kafka_process.kill()
    with ThreadPoolExecutor(1) as threads:
        patient = threads.submit(follower.read_to_end, 90)
        with pytest.raises(LogUnavailable):
            follower.read_to_end()
        mortal.start_kafka()
        patient.result()
    follower.stop()


def test_topics_are_created_once_and_a_topic_that_differs_is_reported(environ: dict[str, str]) -> None:
    """Missing topics are created, correct ones are left alone, and one that differs is an error."""
    settings = Settings.from_env(environ)
    assert f"{settings.topic_prefix}events" in ensure_topics(settings).created
    assert ensure_topics(settings) == ([], {})
    with pytest.raises(TopicMismatch, match=r"events has 4 partitions, not 5.*REFERRAL_PARTITIONS"):
        ensure_topics(Settings.from_env(environ | {"REFERRAL_PARTITIONS": "5"}))


def test_a_process_with_another_partition_count_than_the_topics_is_not_ready(environ: dict[str, str]) -> None:
    """It would look for people on the wrong partitions; readiness gives the reason."""
    settings = Settings.from_env(environ)
    wait_until(lambda: "referral topics ensure" in str(LogCheck(settings, {})()))
    ensure_topics(settings)
    wait_until(lambda: LogCheck(settings, {})() is None)
    other = Settings.from_env(environ | {"REFERRAL_PARTITIONS": "3"})
    wait_until(lambda: "has 4 partitions, not 3" in str(LogCheck(other, {})()))


def test_writes_continue_after_the_broker_was_killed_with_lines_in_flight(mortal: Stack, topic_prefix: str) -> None:
    """A producer that failed a record may never send again: the next line opens another, for publisher and catalog writer."""
    settings = Settings(signing_key=SIGNING_KEY, kafka=mortal.kafka, redis=mortal.redis, topic_prefix=topic_prefix)
    ensure_topics(settings)
    publisher, writer = Publisher(settings), CatalogWriter(settings, SystemClock())
    numbers, people = count(), list[bytes]()

    def accepted() -> bool:
        lines = [(f"k{number}", b"line-%d" % number) for number in islice(numbers, 40)]
        try:
            publisher.submit_many(EVENTS, lines).wait(2)
            number = next(numbers)
            publisher.publish(EVENTS, lines[:1], [KeyedRecord(f"psn_{number}", b"psn_%d" % number, b"person")])
            people.append(b"psn_%d" % number)
            writer.write([participant(0)])
        except NotDurable:
            return False
        return True

    for _ in range(2):
        wait_until(accepted)
        in_flight = [publisher.submit_many(EVENTS, [(f"k{n}", b"cut off") for n in range(40)]) for _ in range(20)]
        mortal.kafka_process.kill()
        while any(_is_pending(ack) for ack in in_flight):
            publisher.offer(EVENTS, "k", b"not awaited")
        mortal.start_kafka()
    wait_until(accepted)
    publisher.close()
    writer.close()
    assert set(people) <= people_on_log(settings).keys()


def _is_pending(ack: PendingAck) -> bool:
    """Whether these lines are neither acknowledged nor failed after a tenth of a second."""
    try:
        ack.wait(0.1)
    except NotDurable as error:
        return "did not acknowledge within" in str(error)
    return False
