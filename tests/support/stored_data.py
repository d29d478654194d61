"""Everything that a system stores, as bytes: topics from their beginning, Redis, directory files; and what of a person is in it."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from kafka import TopicPartition
from redis import Redis

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.topic_admin import partition_count
from referral.topics import TOPICS, Topic


class StoredValue(NamedTuple):
    """Where a value is stored, and its bytes; of a record or a key with both name and value."""

    place: str
    content: bytes


def topic_records(settings: Settings, topic: Topic) -> Iterator[StoredValue]:
    """Yields every record that the broker still has of a topic, tombstones and keys included."""
    consumer = create_consumer(settings)
    places = [
        TopicPartition(settings.topic_prefix + topic.name, number) for number in range(partition_count(topic, settings))
    ]
    try:
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=200).items():
                for record in records:
                    content = (record.key or b"") + b"\n" + (record.value or b"")
                    yield StoredValue(f"{topic.name}, partition {place.partition}, offset {record.offset}", content)
    finally:
        consumer.close()


def all_records(settings: Settings) -> Iterator[StoredValue]:
    """Yields every record of every topic."""
    for topic in TOPICS.values():
        yield from topic_records(settings, topic)


def redis_values(redis: "Redis") -> Iterator[StoredValue]:
    """Yields every key of a Redis database with its whole value, whatever its type."""
    for key in redis.scan_iter(count=1000):
        yield StoredValue(f"Redis {key.decode()}", key + b"\n" + b"\n".join(_parts(redis, key)))


def _parts(redis: "Redis", key: bytes) -> Iterator[bytes]:
    match redis.type(key):
        case b"string":
            yield redis.get(key) or b""
        case b"hash":
            for name, value in redis.hgetall(key).items():
                yield name + b"\n" + value
        case b"set":
            yield from redis.smembers(key)
        case b"list":
            yield from redis.lrange(key, 0, -1)
        case b"zset":
            yield from redis.zrange(key, 0, -1)
        case b"none":  # it has expired since
            return
        case other:
            raise AssertionError(f"{key!r} has the type {other!r}, which is not searched")


def file_bytes(folder: Path) -> Iterator[StoredValue]:
    """Yields every file under a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield StoredValue(str(path), path.read_bytes())


class IdentifyingTexts:
    """What identifies a person, in the forms in which it may be stored: as it is, escaped by JSON, and in base64."""

    def __init__(self, *texts: str) -> None:
        self._forms = {text: _forms(text) for text in texts}

    def find(self, stored: Iterable[StoredValue]) -> list[str]:
        """Returns a sentence for each text that a value contains."""
        return [
            f"{value.place} has {text!r}"
            for value in stored
            for text, forms in self._forms.items()
            if any(form in value.content for form in forms)
        ]


def _forms(text: str) -> Sequence[bytes]:
    plain = text.encode()
    escaped = msgspec.json.encode(text)[1:-1]
    ascii_only = text.encode("ascii", "backslashreplace")
    return [plain, escaped, ascii_only, *_in_base64(plain)]


def _in_base64(plain: bytes) -> Iterator[bytes]:
    """The characters of base64 that any of its three alignments certainly has, for both alphabets."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        first = -(-before * 8 // 6)
        last = (before + len(plain)) * 8 // 6
        yield encoded[first:last]
        yield encoded[first:last].replace(b"+", b"-").replace(b"/", b"_")
