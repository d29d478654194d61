"""Reads a whole topic from Kafka."""

from kafka import TopicPartition

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.records import split
from referral.log.topic_admin import partition_count
from referral.topics import Topic


def read_lines(settings: Settings, topic: Topic) -> list[tuple[int, bytes]]:
    """Returns every line of a topic with its partition, in the order of each partition."""
    reader = create_consumer(settings)
    assigned = [
        TopicPartition(settings.topic_prefix + topic.name, number) for number in range(partition_count(topic, settings))
    ]
    try:
        reader.assign(assigned)
        reader.seek_to_beginning(*assigned)
        ends, found = reader.end_offsets(assigned), []
        while any(reader.position(partition) < ends[partition] for partition in assigned):
            for partition, records in reader.poll(timeout_ms=200).items():
                found += [(partition.partition, line) for record in records for line in split(record.value)]
        return found
    finally:
        reader.close()
