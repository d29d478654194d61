"""Reading the log on demand from a real broker: by offset, by time, a whole topic, and while the broker is unavailable."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from referral.clock import ManualClock
from referral.config import Settings
from referral.log.errors import LogUnavailable
from referral.log.log_reader import KafkaLogReader
from referral.log.publisher import Publisher
from referral.log.reader_pool import LogReaderPool
from referral.log.records import split
from referral.topics import EVENTS, partition_of
from referral_tools.stack.ports import free_ports

pytestmark = pytest.mark.integration

KEY = "prg_glow|xhs:bo"
MINUTE_MS = 60_000


@pytest.fixture
def partition(settings: Settings) -> int:
    """A partition with thirty records, a minute apart, each of two lines."""
    clock = ManualClock()
    publisher = Publisher(settings, clock)
    for number in range(30):
        publisher.submit_many(EVENTS, [(KEY, b"a%d" % number), (KEY, b"b%d" % number)]).wait(150)
        clock.advance(MINUTE_MS)
    publisher.close()
    return partition_of(KEY, settings.partitions)


@pytest.fixture
def reader(settings: Settings) -> Iterator[KafkaLogReader]:
    """A reader of its own connection."""
    with KafkaLogReader(settings, record_timeout_s=5.0) as reader:
        yield reader


def test_a_record_is_found_by_its_offset_and_others_by_time(settings: Settings, partition: int) -> None:
    """The exact record or none, never the next one instead. The same client can be borrowed repeatedly."""
    pool = LogReaderPool(settings, clients=1)
    for _ in range(2):
        with pool.borrow() as reader:
            found = reader.record_at(EVENTS, partition, 17)
            assert found is not None
            assert (found.offset, split(found.value)) == (17, [b"a17", b"b17"])
            assert reader.record_at(EVENTS, partition, 30) is None
            assert reader.record_at(EVENTS, partition, -1) is None
            since = reader.records_since(EVENTS, partition, found.recorded_at_ms - MINUTE_MS // 2)
            assert [next(since).offset, next(since).offset] == [17, 18]
            assert len(list(reader.records_since(EVENTS, partition, 0))) == 30
            assert list(reader.records_since(EVENTS, partition, found.recorded_at_ms + 60 * MINUTE_MS)) == []
            assert list(reader.records_since(EVENTS, (partition + 1) % settings.partitions, 0)) == []
    pool.close()


def test_a_topic_is_read_from_given_offsets_up_to_its_ends(
    settings: Settings, partition: int, reader: KafkaLogReader
) -> None:
    """All partitions at once; records appended after the ends were fixed are not read."""
    ends = reader.ends(EVENTS)
    assert ends == {number: 30 * (number == partition) for number in range(settings.partitions)}
    publisher = Publisher(settings)
    publisher.submit(EVENTS, KEY, b"later").wait(150)
    publisher.close()
    polls = list(reader.records(EVENTS, dict.fromkeys(ends, 0), ends))
    assert [record.offset for polled in polls for record in polled.get(partition, [])] == list(range(30))
    assert {number for polled in polls for number in polled} == {partition}


def test_a_span_of_time_is_read_between_two_offsets(partition: int, reader: KafkaLogReader) -> None:
    """A partition without a record since then starts, and ends, at its end."""
    tenth = reader.record_at(EVENTS, partition, 10)
    assert tenth is not None
    ends = reader.ends(EVENTS)
    starts = reader.offsets_at(EVENTS, tenth.recorded_at_ms, ends)
    stops = reader.offsets_at(EVENTS, tenth.recorded_at_ms + 5 * MINUTE_MS, ends)
    assert (starts[partition], stops[partition]) == (10, 15)
    assert reader.offsets_at(EVENTS, tenth.recorded_at_ms + 60 * MINUTE_MS, ends) == ends
    polls = reader.records(EVENTS, starts, stops)
    assert [record.offset for polled in polls for record in polled.get(partition, [])] == [10, 11, 12, 13, 14]


def test_an_unavailable_broker_is_reported_within_seconds(settings: Settings) -> None:
    """A request waits for the answer; the next one tries again. The error names the broker and the remedy."""
    [port] = free_ports(1)
    pool = LogReaderPool(replace(settings, kafka=f"127.0.0.1:{port}"), clients=1)
    for _ in range(2):
        began = time.monotonic()
        message = (
            f"Cannot read the log from Kafka at 127.0.0.1:{port}: .*no Kafka broker accepts connections.* Check that"
        )
        with pytest.raises(LogUnavailable, match=message), pool.borrow() as reader:
            reader.record_at(EVENTS, 0, 0)
        assert time.monotonic() - began < 5
    pool.close()


def test_a_request_does_not_wait_for_a_free_reader_for_long(settings: Settings) -> None:
    """While all readers are borrowed, the next borrower gets an error; once one is returned, it can be borrowed again."""
    pool = LogReaderPool(settings, clients=1)
    with pool.borrow(), pytest.raises(LogUnavailable, match=r"busy for 2 s\. Retry in a moment"), pool.borrow():
        pass
    with pool.borrow() as reader:
        assert reader.record_at(EVENTS, 0, 0) is None
    pool.close()
