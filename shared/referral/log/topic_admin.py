"""The topic administrator: makes the topics of the table, or says how those that exist differ."""

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from referral.config import Settings
from referral.events.timestamps import DAY_MS
from referral.log.connection import create_admin_client
from referral.topics import TOPICS, Topic

_RETENTION = {
    "forever": {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"},
    "latest of each key": {"cleanup.policy": "compact", "retention.ms": "-1", "retention.bytes": "-1"},
    "30 days": {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS), "retention.bytes": "-1"},
}


class TopicMismatch(Exception):
    """A topic exists with other settings than the table's; nothing was changed."""


def configuration(topic: Topic, settings: Settings) -> dict[str, str]:
    """The broker's settings for a topic. With replicas, an acknowledged record is on two brokers at least."""
    replicas = str(min(2, settings.replication))
    return {**_RETENTION[topic.retention], "min.insync.replicas": replicas, "message.timestamp.type": "CreateTime"}


def partition_count(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic has in this installation; fixed once made."""
    return topic.partitions or settings.partitions


def ensure_topics(settings: Settings, timeout_ms: int = 10_000) -> list[str]:
    """Creates the topics that are missing, and gives their names. Raises TopicMismatch where one differs from the table.

    Raises KafkaTimeoutError when no broker answers within `patience_ms`.
    """
    client = create_admin_client(settings, timeout_ms)
    try:
        wanted = {settings.topic_prefix + topic.name: topic for topic in TOPICS.values()}
        present = set(client.list_topics())
        missing = {name: _options(topic, settings) for name, topic in wanted.items() if name not in present}
        if missing:
            client.create_topics(missing, timeout_ms=15_000, wait_for_metadata=True)
        _verify(client, {name: topic for name, topic in wanted.items() if name in present}, settings)
        return sorted(missing)
    finally:
        client.close()


def verify_partitions(client: KafkaAdminClient, settings: Settings) -> None:
    """Raises TopicMismatch where a topic is missing or has other partitions than this process would use."""
    wanted = {settings.topic_prefix + topic.name: topic for topic in TOPICS.values()}
    missing = sorted(wanted.keys() - client.list_topics())
    if missing:
        raise TopicMismatch(f"there is no {', '.join(missing)}: make the topics with `referral topics ensure`")
    differences = _partition_differences(client, wanted, settings)
    if differences:
        raise TopicMismatch(f"{'; '.join(differences)}: give every process the REFERRAL_PARTITIONS of the topics")


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
            " REFERRAL_TOPIC_PREFIX and another Redis database with it: a topic's partitions decide where its state lives"
            " and cannot change under it."
        )


def _partition_differences(client: object, present: dict[str, Topic], settings: Settings) -> list[str]:
    described = client.describe_topics(list(present)) if present else []  # type: ignore[attr-defined]
    found = {one["name"]: len(one["partitions"]) for one in described}
    return [
        f"{name} has {found[name]} partitions, not {partition_count(topic, settings)}"
        for name, topic in present.items()
        if found[name] != partition_count(topic, settings)
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
