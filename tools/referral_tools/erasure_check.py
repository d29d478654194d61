"""Searches the topics for what identified a person, after their erasure."""

import os
import time
from collections.abc import Iterable, Iterator

import click
import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from referral.config import ConfigError, Settings
from referral.log.connection import create_consumer
from referral.log.topic_admin import partition_count
from referral.topics import TOPICS, Topic
from referral_tools.run_file import running_addresses
from referral_tools.service_client import Item

_SEARCH_S = 120.0
_MIN_BYTES = 6
"""With its quotation marks; shorter texts, such as the name Bo, are found by chance."""


def describe_export(external_id: str, proof: Item, now: Item | None) -> str:
    """Returns a sentence about the export after the erasure; None is a 404. Ends the command with 1 if it has who was erased.

    Who has come back since then is a new person.
    """
    if now is None:
        return f"checked: the export of {external_id} answers 404"
    if now["id"] == proof["id"]:
        raise click.ClickException(f"the export of {external_id} still has {proof['id']}: erase them again")
    return f"{external_id} has come back since then, as the new person {now['id']}: what is found below may be theirs"


def find_traces(external_id: str, proof: Item, known: Item | None) -> Iterator[str]:
    """Yields a sentence for each topic: how many of its records have something that identified the person.

    Records of `people` are those that compaction has yet to remove. Ends the command with 1 if another topic has any.
    """
    try:
        settings = Settings.from_env(
            {
                "REFERRAL_SIGNING_KEY": "unused: nothing is signed here" + "." * 8,
                **running_addresses(os.environ),
                **os.environ,
            }
        )
        consumer = create_consumer(settings)
    except (ConfigError, KafkaError) as error:
        yield f"topics not searched: Kafka cannot be reached ({type(error).__name__}); set REFERRAL_KAFKA, or give --no-verify"
        return
    wanted = identifying_texts(external_id, known)
    try:
        yield from _search(consumer, settings, wanted, proof)
    finally:
        consumer.close(autocommit=False)


def identifying_texts(external_id: str, known: Item | None) -> list[bytes]:
    """What to search for: the id, and every name, handle, contact and text that was stored, as strings of JSON."""
    found = {external_id}
    for record in [(known or {}).get("person"), (known or {}).get("profile"), *(known or {}).get("texts", ())]:
        fields = ("external_id", "handle", "display_name", "mention", "contact", "text")
        found |= {record[name] for name in fields if record and record.get(name)}
    texts = (msgspec.json.encode(text) for text in found)
    return sorted(text for text in texts if len(text) >= _MIN_BYTES)


def _search(consumer: KafkaConsumer, settings: Settings, wanted: list[bytes], proof: Item) -> Iterator[str]:
    deadline = time.monotonic() + _SEARCH_S
    for topic in TOPICS.values():
        found, complete = _count(consumer, settings, topic, wanted, deadline)
        note = "" if complete else f" (not searched to its end within {_SEARCH_S:.0f} s)"
        if found and topic.name != "people":
            raise click.ClickException(f"{found} records of {topic.name} still identify the person: report this defect")
        waits = f", which compaction removes by {proof['gone_by']}" if found else ""
        yield f"checked: {found} records of {settings.topic_prefix}{topic.name} identify the person{waits}{note}"


def _count(
    consumer: KafkaConsumer, settings: Settings, topic: Topic, wanted: Iterable[bytes], deadline: float
) -> tuple[int, bool]:
    """How many records contain one of the texts, and whether the topic was read to its end."""
    places = [
        TopicPartition(settings.topic_prefix + topic.name, number) for number in range(partition_count(topic, settings))
    ]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends, found = consumer.end_offsets(places), 0
    while any(consumer.position(place) < ends[place] for place in places):
        if time.monotonic() > deadline:
            return found, False
        for records in consumer.poll(timeout_ms=200).values():
            found += sum(_has_any(record.value, wanted) for record in records)
    return found, True


def _has_any(value: bytes | None, wanted: Iterable[bytes]) -> bool:
    return value is not None and any(text in value for text in wanted)
