"""A consumer whose request could not be sent, since its list of brokers lacked the leader: the records come all the same."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from kafka.errors import UnknownBrokerIdError
from kafka.net.manager import KafkaConnectionManager
from kafka.protocol.consumer import FetchRequest

from referral.catalog.reader import CatalogReader
from referral.catalog.view import Catalog
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import Participant
from referral.log import source as source_module
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from referral.log.source import KafkaSource
from referral.topics import EVENTS
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def lose_the_leader(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the next fetch request of any consumer fail as while a cluster starts, and only that one."""
    send, lost = KafkaConnectionManager.send, [False]

    def flaky(manager: KafkaConnectionManager, request: object, *arguments: object, **options: object) -> object:
        if isinstance(request, FetchRequest) and lost[0]:
            lost[0] = False
            raise UnknownBrokerIdError
        return send(manager, request, *arguments, **options)

    def lose() -> None:
        lost[0] = True

    monkeypatch.setattr(KafkaConnectionManager, "send", flaky)
    return lose


@pytest.mark.parametrize("worker", ["", "one"], ids=["dynamic member", "static member"])
def test_a_fold_gets_its_records_after_a_fetch_request_that_failed(
    settings: Settings, lose_the_leader: Callable[[], None], worker: str
) -> None:
    """kafka-python 3.0.12 takes that request for sent, and sends no other to this broker."""
    producer = KafkaFoldProducer(settings, SystemClock())
    settings = replace(settings, worker=worker)
    source = KafkaSource(settings, EVENTS, "a-group")

    def polled() -> set[bytes]:
        return {record.value for records in source.poll(0.5).values() for record in records}

    producer.produce([OutputLine("events", 0, b"before")])
    wait_until(lambda: b"before" in polled())
    generation, _ = source.assignment()
    lose_the_leader()
    with pytest.raises(UnknownBrokerIdError):
        wait_until(polled)
    producer.produce([OutputLine("events", 0, b"after")])
    wait_until(lambda: b"after" in polled())
    assert source.has_joined()
    assert source.assignment()[0] > generation
    source.close()
    producer.close()


def test_a_consumer_that_fails_again_and_again_is_replaced_once_a_minute(
    settings: Settings, lose_the_leader: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time all workers of the group drop what they have in memory."""
    now = [time.monotonic()]
    monkeypatch.setattr(source_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    source, opened = KafkaSource(settings, EVENTS, "a-group"), list[object]()
    subscribe = source._subscribed
    monkeypatch.setattr(source, "_subscribed", lambda timeout: opened.append(timeout) or subscribe(timeout))
    for elapsed, replaced in [(0, 1), (59, 1), (2, 2)]:
        now[0] += elapsed
        wait_until(lambda: source.poll(0.5) == {} and source.has_joined())
        lose_the_leader()
        with pytest.raises(UnknownBrokerIdError):
            wait_until(lambda: source.poll(0.5))
        source.poll(0)
        assert len(opened) == replaced
    source.close()


def test_a_catalog_in_memory_goes_on_where_it_was_after_a_fetch_request_that_failed(
    settings: Settings, lose_the_leader: Callable[[], None]
) -> None:
    """Nothing older is applied again: a link that was disabled meanwhile would be valid for a moment."""
    applied: list[str] = []

    class Recording(Catalog):
        def apply(self, entity: object) -> None:
            assert isinstance(entity, Participant)
            applied.append(entity.id)

    writer, reader = CatalogWriter(settings, SystemClock()), CatalogReader(settings, Recording())
    people = [
        Participant(recorded_at=datetime.now(UTC), id=f"psn_{number:016}", program="prg_x", code=f"C{number}")
        for number in range(2)
    ]
    writer.write(people[:1])
    reader.read_to_end(60)
    lose_the_leader()
    with pytest.raises(UnknownBrokerIdError):
        wait_until(lambda: reader.poll(0.5))
    writer.write(people[1:])
    reader.read_to_end(60)
    assert applied == [one.id for one in people]
    reader.close()
    writer.close()
