"""Records that are encoded together are those that kafka-python would encode one by one."""

from hypothesis import given
from hypothesis import strategies as st
from kafka.record.memory_records import MemoryRecordsBuilder

from referral.log.keyed_batch import Keyed, fill_builder

AT_MS = 1_795_000_000_000
# Lengths around those at which a number takes one byte more.
lengths = st.sampled_from([0, 1, 62, 63, 64, 65, 2047, 2048, 8180, 8192, 1 << 20])
values = st.one_of(st.none(), st.binary(max_size=80), lengths.map(lambda length: b"v" * length))
keys = st.one_of(st.binary(max_size=80), st.just(b"k" * 9000))


def _built(builder: MemoryRecordsBuilder) -> tuple[int, int, bytes]:
    """What the producer uses of a builder: the next offset, the size, and the bytes, with the producer's id as in production."""
    builder.set_producer_state(77, 3, 12, is_transactional=False)
    size, following = builder.size_in_bytes(), builder.next_offset()
    builder.close()
    return following, size, bytes(builder.buffer())


@given(st.lists(st.tuples(keys, values), min_size=1, max_size=12))
def test_a_batch_has_the_bytes_of_the_client_library(records: list[Keyed]) -> None:
    """Header, checksum, offsets, keys, values and tombstones."""
    one_by_one = MemoryRecordsBuilder(2, 0, 1 << 30)
    for record in records:
        one_by_one.append(AT_MS, *record)
    assert _built(fill_builder(records, AT_MS)) == _built(one_by_one)


def test_a_batch_of_thousands_has_the_bytes_of_the_client_library() -> None:
    """Offsets above those of the table of encoded numbers."""
    records: list[Keyed] = [(b"profile/%d" % number, b"x" * (number % 300)) for number in range(5000)]
    one_by_one = MemoryRecordsBuilder(2, 0, 1 << 30)
    for record in records:
        one_by_one.append(AT_MS, *record)
    assert _built(fill_builder(records, AT_MS)) == _built(one_by_one)
