"""Hands many records with keys to a producer as one batch, with one future for all of them.

`KafkaProducer.send` takes 14 µs a record and gives each a future of its own; so filled, a batch takes 2 µs a record
(docs/decisions/0036). It goes through the producer like any other, idempotence and retries included, but by names of
kafka-python 3.0.12 that are not public: tests/integration/test_log_writers.py holds them.
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
    builder = MemoryRecordsBuilder(_MAGIC, _UNCOMPRESSED, _SIZE)
    for key, value in records:
        builder.append(timestamp_ms, key, value)
    batch, acknowledged = ProducerBatch(target, builder), Future()
    batch.produce_future.add_callback(lambda result: _resolve(acknowledged, result))
    accumulator = producer._accumulator
    with accumulator._tp_lock(target):
        accumulator._batches[target].append(batch)
        accumulator._incomplete.add(batch)
    producer._sender.wakeup()
    return acknowledged


def _resolve(acknowledged: Future, result: tuple[int, int, Callable[[int], Exception] | None]) -> None:
    """Resolves the future of a batch that is done: `result` has a function from a record's number to its error if it failed."""
    error_of = result[2]
    if error_of is None:
        acknowledged.success(result[0])
    else:
        acknowledged.failure(error_of(0))
