"""The collector, the catalog and the topics on a real broker."""

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
from referral.events import ids
from referral.events.entities import Participant
from referral.http.health import LogCheck
from referral.log.ack import PendingAck
from referral.log.errors import LogUnavailable, NotDurable, Overloaded
from referral.log.publisher import Publisher
from referral.log.records import split
from referral.log.topic_admin import TopicMismatch, ensure_topics
from referral.topics import EVENTS, partition_of
from referral_tools.stack.stack import Stack
from tests.support.settings import SIGNING_KEY
from tests.support.waiting import is_within, wait_until

pytestmark = pytest.mark.integration


def everything(settings: Settings) -> dict[int, list[bytes]]:
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


def participant(number: int, name: str = "Amy") -> Participant:
    """Somebody."""
    external = f"xhs:u{number}"
    return Participant(
        recorded_at=datetime.now(UTC),
        id=ids.participant_id("prg_t", external),
        program="prg_t",
        external_id=external,
        display_name=name,
        code=f"AMY{number}",
    )


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """The address of somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_what_a_ticket_says_is_durable_is_on_the_log_in_its_partition(settings: Settings) -> None:
    """Singles of many threads and batches: every line whose wait returned is there, once, where its key belongs."""
    collector = Publisher(settings)

    def single(number: int) -> None:
        collector.submit(EVENTS, f"k{number}", b"single-%d" % number).wait(30)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(single, range(400)))
    collector.submit_many(EVENTS, [(f"k{number}", b"batch-%d" % number) for number in range(2500)]).wait(30)
    assert collector.offer(EVENTS, "k1", b"offer-1")
    collector.close()
    found = everything(settings)
    wanted = {b"single-%d" % n for n in range(400)} | {b"batch-%d" % n for n in range(2500)} | {b"offer-1"}
    lines = [line for partition in found.values() for line in partition]
    assert sorted(lines) == sorted(wanted)
    for partition, here in found.items():
        assert {partition_of(f"k{line.rsplit(b'-', 1)[1].decode()}", settings.partitions) for line in here} == {
            partition
        }


def test_a_log_that_does_not_answer_is_said_so_in_time_and_nothing_piles_up(
    environ: dict[str, str], silent_broker: str
) -> None:
    """Broker mute: NotDurable within the bound, Overloaded beyond what may wait, an offer is refused and never blocks."""
    settings = Settings.from_env(
        environ | {"REFERRAL_KAFKA": silent_broker, "REFERRAL_ACK_TIMEOUT_MS": "300", "REFERRAL_MAX_IN_FLIGHT": "3"}
    )
    collector = Publisher(settings)
    began = time.monotonic()
    tickets = [collector.submit(EVENTS, "k", b"x") for _ in range(2)]
    assert collector.offer(EVENTS, "k", b"x")
    assert not collector.offer(EVENTS, "k", b"x")
    with pytest.raises(Overloaded):
        collector.submit(EVENTS, "k", b"x")
    for ticket in tickets:
        with pytest.raises(NotDurable):
            ticket.wait(0.5)
    assert is_within(2, began)


def test_what_is_handed_in_after_the_end_is_refused_and_counted(settings: Settings) -> None:
    """A click of the last moment is sent, or counted as dropped; none is lost without a trace."""
    collector = Publisher(settings)
    assert collector.offer(EVENTS, "k", b"in time")
    collector.close()
    before = dropped()
    assert not collector.offer(EVENTS, "k", b"too late")
    assert dropped() - before == 1
    with pytest.raises(Overloaded, match="stopping"):
        collector.submit(EVENTS, "k", b"too late")
    assert [line for lines in everything(settings).values() for line in lines] == [b"in time"]


def dropped() -> float:
    """Lines that nobody waited for and that could not be sent."""
    return REGISTRY.get_sample_value("referral_publisher_dropped_total", {"topic": "events"}) or 0.0


def test_an_entity_is_found_by_every_reader_as_soon_as_its_write_is_acknowledged(settings: Settings) -> None:
    """A look-up that misses reads the catalog to its end: no reader says unknown after the ack."""
    writer = CatalogWriter(settings, SystemClock())
    follower = CatalogFollower(settings).start()
    reader = CatalogReader(settings, Catalog(refresh=lambda: reader.read_to_end(30)))
    for number in range(20):
        writer.write([participant(number)], timeout=30)
        assert follower.view.code(f"amy{number}") == reader.view.code(f"AMY{number}") is not None
    assert follower.stale_reason() is None
    writer.write([participant(3, "Ámy")], timeout=30)
    follower.read_to_end(30)
    found = follower.view.participant_by_external("prg_t", "xhs:u3")
    assert found is not None
    assert found.display_name == "Ámy"
    assert len(follower.view) == 20
    follower.stop()
    reader.close()
    writer.close()


def test_a_catalog_whose_broker_is_away_does_not_say_unknown_and_is_not_ready(environ: dict[str, str]) -> None:
    """A look-up that finds nothing must neither hang nor guess; readiness says why."""
    follower = CatalogFollower(Settings.from_env(environ | {"REFERRAL_KAFKA": "127.0.0.1:1"})).start()
    began = time.monotonic()
    with pytest.raises(
        LogUnavailable, match=r"Cannot read the catalog from Kafka at 127\.0\.0\.1:1: .*broker is running"
    ):
        follower.view.participant("par_nobody")
    assert is_within(3, began)
    assert follower.stale_reason() is not None
    follower.stop()


def test_topics_are_made_once_and_a_topic_that_differs_is_named(environ: dict[str, str]) -> None:
    """The administrator creates what is missing, leaves what is right, and refuses what it cannot change."""
    settings = Settings.from_env(environ)
    assert f"{settings.topic_prefix}events" in ensure_topics(settings)
    assert ensure_topics(settings) == []
    with pytest.raises(TopicMismatch, match=r"events has 4 partitions, not 5.*REFERRAL_PARTITIONS"):
        ensure_topics(Settings.from_env(environ | {"REFERRAL_PARTITIONS": "5"}))


def test_a_process_with_other_partitions_than_the_topics_is_not_ready_and_says_why(environ: dict[str, str]) -> None:
    """One process that counts partitions differently would look for people where they are not; it must not run unseen."""
    settings = Settings.from_env(environ)
    assert "referral topics ensure" in str(LogCheck(settings, {})())
    ensure_topics(settings)
    assert LogCheck(settings, {})() is None
    other = Settings.from_env(environ | {"REFERRAL_PARTITIONS": "3"})
    assert "has 4 partitions, not 3" in str(LogCheck(other, {})())


def test_writes_go_on_after_a_broker_was_killed_with_lines_under_way(mortal: Stack, topic_prefix: str) -> None:
    """A producer whose record was cut off may never send again; then the next line gets another, for events and catalog alike."""
    settings = Settings(signing_key=SIGNING_KEY, kafka=mortal.kafka, redis=mortal.redis, topic_prefix=topic_prefix)
    ensure_topics(settings)
    collector, writer = Publisher(settings), CatalogWriter(settings, SystemClock())
    numbers = count()

    def accepted() -> bool:
        lines = [(f"k{number}", b"line-%d" % number) for number in islice(numbers, 40)]
        try:
            collector.submit_many(EVENTS, lines).wait(2)
            writer.write([participant(0)])
        except NotDurable:
            return False
        return True

    for _ in range(2):
        wait_until(accepted)
        under_way = [collector.submit_many(EVENTS, [(f"k{n}", b"cut off") for n in range(40)]) for _ in range(20)]
        mortal.kafka_process.kill()
        while any(_is_open(ticket) for ticket in under_way):
            collector.offer(EVENTS, "k", b"nobody waits for it")
        mortal.start_kafka()
    wait_until(accepted)
    collector.close()
    writer.close()


def _is_open(ticket: PendingAck) -> bool:
    """Whether nothing is known of these lines yet, after a tenth of a second."""
    try:
        ticket.wait(0.1)
    except NotDurable as error:
        return "did not acknowledge within" in str(error)
    return False
