"""Records decoded without an object of kafka-python for each: the same ones, from any offset on, and none from a damaged batch."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from referral.log.fetched_records import FetchedRecord, PartitionFetchedRecords, decode_batch

_PARTITION = TopicPartition("people", 3)
_GZIP = 1
Sent = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
short = st.binary(max_size=40)
sent_records: st.SearchStrategy[Sent] = st.tuples(
    st.none() | short,
    st.none() | short | st.sampled_from([64, 8191, 8192, 70_000]).map(bytes),
    st.lists(st.tuples(st.text(max_size=5), short), max_size=2),
)
batches = st.lists(st.lists(sent_records, min_size=1, max_size=130), min_size=1, max_size=4)


def _encoded(contents: Sequence[Sequence[Sent]], compression: int = 0) -> bytes:
    """The batches as a broker returns them, from offset 1000 on, with a gap of ten after each."""
    encoded, offset = b"", 1000
    for content in contents:
        builder = MemoryRecordsBuilder(2, compression, 1 << 30)
        for number, (key, value, headers) in enumerate(content):
            builder.append(1_790_000_000_000 + number * 977, key, value, headers)
        builder.close()
        encoded += offset.to_bytes(8, "big") + bytes(builder.buffer())[8:]  # as the broker sets it
        offset += len(content) + 10
    return encoded


@given(batches, st.sampled_from([0, _GZIP]), st.integers(0, 200))
def test_the_same_records_as_those_of_the_client(contents: list[list[Sent]], compression: int, skipped: int) -> None:
    """Also from the middle of a batch on, and in portions; the next offset is the same after each."""
    encoded, start = _encoded(contents, compression), 1000 + skipped
    theirs = Fetcher.PartitionRecords(start, _PARTITION, MemoryRecords(encoded))
    ours = PartitionFetchedRecords(start, _PARTITION, MemoryRecords(encoded))
    while theirs:
        expected = [FetchedRecord(one.offset, one.key, one.value) for one in theirs.take(7)]
        assert ours.take(7) == expected
        assert ours.next_fetch_offset == theirs.next_fetch_offset
    assert not ours


def test_a_changed_byte_is_found() -> None:
    """The records before the damaged batch are returned, then it is reported."""
    encoded = bytearray(_encoded([[(b"a", b"1", [])], [(b"b", b"2", [])]]))
    encoded[-2] ^= 1
    records = PartitionFetchedRecords(1000, _PARTITION, MemoryRecords(bytes(encoded)))
    assert records.take(10) == [FetchedRecord(1000, b"a", b"1")]
    with pytest.raises(CorruptRecordError, match="at offset 1011"):
        records.take(10)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_number_of_records_is_found(change: int) -> None:
    """It cannot be read beyond its bytes, and none of them is left over."""
    batch = MemoryRecords(_encoded([[(b"a", b"1", []), (b"b", b"2", [])]])).next_batch()
    batch._header_data = (*batch._header_data[:12], 2 + change)
    batch._num_records = 2 + change
    with pytest.raises(CorruptRecordError, match="does not have the"):
        list(decode_batch(batch))
