"""Topic administration: creates the topics of the table, or reports how existing ones differ from it."""

from typing import assert_never

from kafka.admin import ConfigResource, ConfigResourceType

from referral.config import Settings
from referral.events.timestamps import DAY_MS
from referral.log.connection import create_admin_client
from referral.topics import TOPICS, Retention, Topic


class TopicMismatch(Exception):
    """A topic is missing, or its partitions or settings differ from the table's; nothing was changed."""


def configuration(topic: Topic, settings: Settings) -> dict[str, str]:
    """The broker's settings for a topic. With replication, an acknowledged record is on at least two brokers."""
    replicas = str(min(2, settings.replication))
    return {**_retention(topic.retention), "min.insync.replicas": replicas, "message.timestamp.type": "CreateTime"}


def _retention(retention: Retention) -> dict[str, str]:
    match retention:
        case "forever":
            return {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        case "latest of each key":
            return {"cleanup.policy": "compact", "retention.ms": "-1", "retention.bytes": "-1"}
        case "30 days":
            return {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS), "retention.bytes": "-1"}
        case _:
            assert_never(retention)


def partition_count(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic has in this installation; fixed once it is created."""
    return topic.partitions or settings.partitions


def ensure_topics(settings: Settings, timeout_ms: int = 10_000) -> list[str]:
    """Creates the missing topics and returns their names. Raises TopicMismatch if an existing one differs from the table.

    Raises KafkaTimeoutError if no broker answers within `timeout_ms`.
    """
    client = create_admin_client(settings, timeout_ms)
    try:
        declared = {settings.topic_prefix + topic.name: topic for topic in TOPICS.values()}
        present = set(client.list_topics())
        missing = {name: _options(topic, settings) for name, topic in declared.items() if name not in present}
        if missing:
            client.create_topics(missing, timeout_ms=15_000, wait_for_metadata=True)
        _verify(client, {name: topic for name, topic in declared.items() if name in present}, settings)
        return sorted(missing)
    finally:
        client.close()


def _options(topic: Topic, settings: Settings) -> dict[str, object]:
    return {
        "num_partitions": partition_count(topic, settings),
        "replication_factor": settings.replication,
        "configs": configuration(topic, settings),
    }


def _verify(client: object, present: dict[str, Topic], settings: Settings) -> None:
    """Compares partition counts and settings of existing topics with the table."""
    differences = [*_partition_differences(client, present, settings), *_setting_differences(client, present, settings)]
    if differences:
        raise TopicMismatch(
            "; ".join(differences) + ". Change REFERRAL_PARTITIONS or the topic (kafka-configs.sh), or use another"
            " REFERRAL_TOPIC_PREFIX together with another Redis database: the partition count decides where the state is"
            " stored and cannot change afterwards."
        )


def _partition_differences(client: object, present: dict[str, Topic], settings: Settings) -> list[str]:
    described = client.describe_topics(list(present)) if present else []  # type: ignore[attr-defined]
    counts = {one["name"]: len(one["partitions"]) for one in described}
    return [
        f"{name} has {counts[name]} partitions, not {partition_count(topic, settings)}"
        for name, topic in present.items()
        if counts[name] != partition_count(topic, settings)
    ]


def _setting_differences(client: object, present: dict[str, Topic], settings: Settings) -> list[str]:
    if not present:
        return []
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs=None) for name in present]
    described = client.describe_configs(resources, config_filter="all")["topic"]  # type: ignore[attr-defined]
    return [
        f"{name} has {setting}={described[name][setting]['value']}, not {value}"
        for name, topic in present.items()
        for setting, value in configuration(topic, settings).items()
        if described[name][setting]["value"] != value
    ]
