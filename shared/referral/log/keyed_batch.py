"""Hands many records with keys to a producer as one batch, with one future for all of them.

`KafkaProducer.send` takes 14 µs a record and gives each a future of its own; so filled, a batch takes less than 1 µs a record
(docs/decisions/0036, 0082). It goes through the producer like any other, idempotence and retries included, but by names of
kafka-python 3.0.12 that are not public: tests/integration/test_log_writers.py and tests/unit/shared/test_keyed_batch.py hold them.
"""

from collections.abc import Callable, Iterable

from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.future import Future
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder

_MAGIC, _UNCOMPRESSED, _SIZE = 2, 0, 1 << 30

Keyed = tuple[bytes, bytes | None]
"""The key and the value of a record; without a value, it erases what has the key."""


def enqueue_batch(
    producer: KafkaProducer,
    target: TopicPartition,
    records: Iterable[Keyed],
    timestamp_ms: int,
) -> Future:
    """Sends at least one record; all of them must fit into one batch of the broker (1 MiB).

    The future resolves with the offset of the first one once Kafka has acknowledged all, or has refused them. Raises KafkaError
    without a broker.
    """
    if target.partition not in producer.partitions_for(target.topic):
        raise KafkaTimeoutError(f"{target.topic} has no partition {target.partition}")
    batch, acknowledged = ProducerBatch(target, fill_builder(records, timestamp_ms)), Future()
    batch.produce_future.add_callback(lambda result: _resolve(acknowledged, result))
    accumulator = producer._accumulator
    with accumulator._tp_lock(target):
        accumulator._batches[target].append(batch)
        accumulator._incomplete.add(batch)
    producer._sender.wakeup()
    return acknowledged


def fill_builder(records: Iterable[Keyed], timestamp_ms: int) -> MemoryRecordsBuilder:
    """A builder with at least one record, all of the same time: as if each had been appended to it."""
    builder = MemoryRecordsBuilder(_MAGIC, _UNCOMPRESSED, _SIZE)
    first, *others = records
    builder.append(timestamp_ms, *first)
    inner, encoded = builder._builder, [_encode(number, *one) for number, one in enumerate(others, 1)]
    inner._buffer += b"".join(encoded)
    inner._num_records += len(others)
    inner._last_offset += len(others)
    builder._next_offset += len(others)
    return builder


def _encode(offset: int, key: bytes, value: bytes | None) -> bytes:
    """A record of a batch whose records all have the first one's time: https://kafka.apache.org/documentation/#record.

    Its length; attributes and time delta, both zero; offset delta; key; value; and that it has no headers.
    """
    if value is None:
        body = b"\0\0%b%b%b\x01\0" % (_varint(offset), _varint(len(key)), key)
    else:
        body = b"\0\0%b%b%b%b%b\0" % (_varint(offset), _varint(len(key)), key, _varint(len(value)), value)
    return _varint(len(body)) + body


def _encode_varint(number: int) -> bytes:
    """A number from 0 on in zig-zag form, seven bits a byte: https://protobuf.dev/programming-guides/encoding/#signed-ints."""
    rest, encoded = number << 1, bytearray()
    while rest > 0x7F:
        encoded.append(0x80 | rest & 0x7F)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


_VARINTS = tuple(map(_encode_varint, range(2048)))  # of offsets and lengths of most records


def _varint(number: int) -> bytes:
    return _VARINTS[number] if number < len(_VARINTS) else _encode_varint(number)


def _resolve(acknowledged: Future, result: tuple[int, int, Callable[[int], Exception] | None]) -> None:
    """Resolves the future of a batch that is done: `result` has a function from a record's number to its error if it failed."""
    error_of = result[2]
    if error_of is None:
        acknowledged.success(result[0])
    else:
        acknowledged.failure(error_of(0))
