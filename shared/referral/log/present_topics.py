"""Reads topics with their partitions and settings at the broker."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from referral.log.topic_differences import PresentPartition, PresentTopic


class DescribedSetting(TypedDict):
    """What the broker reports of a setting."""

    value: str


class DescribedTopic(TypedDict):
    """What the broker reports of a topic; without partitions if `error_code` is not 0."""

    name: str
    topic_id: object
    error_code: int
    partitions: list["DescribedPartition"]
    authorized_operations: list[str] | None


class DescribedPartition(TypedDict):
    """What the broker reports of a partition."""

    partition_index: int
    leader_id: int
    replica_nodes: list[int]
    isr_nodes: list[int]


def describe_present_topics(client: KafkaAdminClient, names: Sequence[str]) -> dict[str, PresentTopic]:
    """Those of these topics that exist, in this order, as they are at the broker.

    Raises TopicAuthorizationFailedError if the user may not see one or its settings, UnknownTopicOrPartitionError if a broker does
    not know one yet that another one has, or another of kafka's errors.
    """
    described: list[DescribedTopic] = client.describe_topics(list(names))
    existing = {topic["name"]: topic for topic in described if _exists(topic)}
    settings = _settings(client, existing)
    return {name: _present(existing[name], settings[name]) for name in names if name in existing}


def _exists(topic: DescribedTopic) -> bool:
    """Whether a topic exists. Of one that a user may not see, a broker does not say that: it raises the error."""
    if topic["error_code"] not in (0, UnknownTopicOrPartitionError.errno):
        raise for_code(topic["error_code"])(topic["name"])
    return topic["error_code"] == 0


def _settings(client: KafkaAdminClient, topics: Mapping[str, DescribedTopic]) -> dict[str, dict[str, DescribedSetting]]:
    for name, topic in topics.items():
        if "DESCRIBE_CONFIGS" not in (topic["authorized_operations"] or ()):
            raise TopicAuthorizationFailedError(f"DESCRIBE_CONFIGS {name}")
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs=None) for name in topics]
    described: dict[str, dict[str, dict[str, DescribedSetting]]] = (
        client.describe_configs(resources, config_filter="all") if resources else {}
    )
    return described.get("topic", {})


def _present(topic: DescribedTopic, settings: Mapping[str, DescribedSetting]) -> PresentTopic:
    if not settings:  # a topic has some; the client does not tell why there are none
        raise UnknownTopicOrPartitionError(f"the settings of {topic['name']} are not reported")
    return PresentTopic(
        tuple(sorted(map(_partition, topic["partitions"]))), {name: one["value"] for name, one in settings.items()}
    )


def _partition(described: DescribedPartition) -> PresentPartition:
    return PresentPartition(
        described["partition_index"],
        described["leader_id"],
        tuple(described["replica_nodes"]),
        tuple(described["isr_nodes"]),
    )
