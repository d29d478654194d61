"""The topics `catalog` and `people` as the writer of the directory reads them, and the ends that readers wait for."""

from collections.abc import Mapping, Sequence
from typing import Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import for_code

from referral.config import Settings
from referral.directory.directory_writer import FeedRecord
from referral.log.connection import create_admin_client, create_consumer
from referral.log.fetched_records import FetchedRecord, return_fetched_records
from referral.log.present_topics import DescribedTopic
from referral.log.topic_admin import partition_count
from referral.topics import CATALOG, PEOPLE, Topic

_MAX_RECORDS = 5000  # of a transaction
_FETCH_BYTES = 512 * 1024  # of a partition: what is fetched ahead stays in memory
_TOPICS: Mapping[Literal["catalog", "people"], Topic] = {"catalog": CATALOG, "people": PEOPLE}


class LogEnds:
    """Requests the next offsets of partitions, on a connection of its own: on the fetching one it would wait behind a long poll."""

    def __init__(self, settings: Settings, topics: tuple[Topic, ...] = (CATALOG, PEOPLE)) -> None:
        self._settings = settings
        self._names = {
            TopicPartition(settings.topic_prefix + topic.name, number): f"{topic.name}/{number}"
            for topic in topics
            for number in range(partition_count(topic, settings))
        }
        self._consumer: KafkaConsumer | None = None

    def request(self, timeout: float) -> dict[str, int]:
        """The next offset of each partition, by `TOPIC/NUMBER`. Raises KafkaError if there is no answer within so many seconds."""
        if self._consumer is None:
            self._consumer = create_consumer(self._settings, connect_timeout_ms=0)
        ends = self._consumer.end_offsets(list(self._names), timeout_ms=round(timeout * 1000))
        return {self._names[partition]: int(end) for partition, end in ends.items()}

    def close(self) -> None:
        """Closes the connection; the next request opens one."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=1000)
            self._consumer = None


class LogFeed:
    """Reads both topics from given positions on."""

    def __init__(self, settings: Settings, positions: Mapping[str, int]) -> None:
        self._consumer = return_fetched_records(
            create_consumer(settings, connect_timeout_ms=0, fetch_bytes=_FETCH_BYTES)
        )
        self._partitions: dict[TopicPartition, tuple[Literal["catalog", "people"], str]] = {
            TopicPartition(settings.topic_prefix + topic.name, number): (name, f"{topic.name}/{number}")
            for name, topic in _TOPICS.items()
            for number in range(partition_count(topic, settings))
        }
        self._consumer.assign(list(self._partitions))
        for partition, (_, name) in self._partitions.items():
            self._consumer.seek(partition, positions.get(name, 0))

    def poll(self, timeout: float) -> tuple[list[FeedRecord], dict[str, int]]:
        """The next records, waiting up to `timeout` seconds for the first, and the positions after them.

        They are those of the partitions with records, or of all if there are none: compaction may have removed the last ones.
        """
        batches: Mapping[TopicPartition, Sequence[FetchedRecord]] = self._consumer.poll(
            timeout_ms=round(timeout * 1000), max_records=_MAX_RECORDS
        )
        if not batches:
            return [], self.positions()
        records = [
            FeedRecord(self._partitions[partition][0], (key or b"").decode(errors="replace"), value)
            for partition, batch in batches.items()
            for _, key, value in batch
        ]
        return records, {self._partitions[partition][1]: batch[-1].offset + 1 for partition, batch in batches.items()}

    def positions(self) -> dict[str, int]:
        """The offset to read next in each partition."""
        return {
            name: int(self._consumer.position(partition, timeout_ms=1000) or 0)
            for partition, (_, name) in self._partitions.items()
        }

    def close(self) -> None:
        """Closes the connection."""
        self._consumer.close(autocommit=False, timeout_ms=1000)


def log_identity(settings: Settings) -> str:
    """What distinguishes this log from every other: its cluster, and the ids of its two topics. Raises KafkaError."""
    client = create_admin_client(settings, 5000)
    try:
        cluster = client.describe_cluster()["cluster_id"]
        names = [settings.topic_prefix + topic.name for topic in (CATALOG, PEOPLE)]
        ids = {topic["name"]: _topic_id(topic) for topic in client.describe_topics(names)}
        return f"{cluster} " + " ".join(f"{name}={ids[name]}/{settings.partitions}" for name in names)
    finally:
        client.close()


def _topic_id(described: DescribedTopic) -> object:
    """The id of a topic. Raises KafkaError if the broker that was asked does not know it: it may only lag behind the others."""
    if described["error_code"]:
        raise for_code(described["error_code"])(described["name"])
    return described["topic_id"]
