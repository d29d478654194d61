"""Topic administration: creates the topics of the table, and sets what differs at existing ones without removing a record."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import InvalidReplicationFactorError, TopicAlreadyExistsError

from referral.config import Settings
from referral.log.connection import administer
from referral.log.present_topics import describe_present_topics
from referral.log.retention import parse_retention, retention_configuration
from referral.log.topic_differences import (
    IN_SYNC,
    PresentTopic,
    SettingChange,
    WantedTopic,
    differences,
    smallest_in_sync,
)
from referral.log.topic_visibility import wait_until_reported, wait_until_set
from referral.topics import TOPICS, Topic


class TopicMismatch(Exception):
    """A topic is missing, or differs from the table in what only an operator can change."""


class EnsuredTopics(NamedTuple):
    """The names of the topics that were created, and the settings that were set, by the name of the topic."""

    created: list[str]
    repaired: dict[str, list[SettingChange]]


def partition_count(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic has in this installation; fixed once it is created."""
    return topic.partitions or settings.partitions


def wanted_topics(settings: Settings) -> dict[str, WantedTopic]:
    """What this installation's topics have to be, by their full names."""
    days = parse_retention(settings.retention)
    return {
        settings.topic_prefix + topic.name: WantedTopic(
            partition_count(topic, settings),
            settings.replication,
            {**retention_configuration(topic, days, settings.erase_within_s), "message.timestamp.type": "CreateTime"},
            shortens=topic.name in days,
        )
        for topic in TOPICS.values()
    }


def ensure_topics(settings: Settings, timeout_ms: int = 10_000) -> EnsuredTopics:
    """Creates the missing topics, and sets the settings that differ at the others; every broker reports them afterwards.

    Raises TopicMismatch if one differs in what only an operator can change (nothing is set then), or if after `timeout_ms` there
    are still too few brokers for the replicas; KafkaTimeoutError if no broker answers within `timeout_ms`, and TopicsNotReported.
    """

    def ensure(client: KafkaAdminClient) -> EnsuredTopics:
        try:
            return _ensure(client, settings)
        except TopicAlreadyExistsError:
            # Another process has just created them, and the broker that listed the topics did not know them yet.
            wait_until_reported(client, list(wanted_topics(settings)))
            return _ensure(client, settings)

    try:
        return administer(settings, timeout_ms, ensure)
    except InvalidReplicationFactorError as error:
        raise TopicMismatch(
            f"Kafka at {settings.kafka} has fewer than {settings.replication} brokers running: start the others, or set"
            " REFERRAL_REPLICATION to their number"
        ) from error


def _ensure(client: KafkaAdminClient, settings: Settings) -> EnsuredTopics:
    wanted = wanted_topics(settings)
    present = describe_present_topics(client, list(wanted))
    repairs = _repairs(present, wanted, settings)
    missing = {name: _options(topic) for name, topic in wanted.items() if name not in present}
    if missing:
        client.create_topics(missing, timeout_ms=15_000)
        wait_until_reported(client, list(missing))
    _set(client, repairs)
    return EnsuredTopics(sorted(missing), repairs)


def _options(topic: WantedTopic) -> dict[str, object]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication,
        "configs": {**topic.settings, IN_SYNC: str(smallest_in_sync(topic.replication))},
    }


def _repairs(
    present: Mapping[str, PresentTopic], wanted: Mapping[str, WantedTopic], settings: Settings
) -> dict[str, list[SettingChange]]:
    """The settings to set, by topic. Raises TopicMismatch."""
    found = {name: differences(name, topic, wanted[name], settings.kafka) for name, topic in present.items()}
    obstacles = [obstacle for one in found.values() for obstacle in one.obstacles]
    if obstacles:
        raise TopicMismatch("; ".join(obstacles) + ".")
    return {name: one.repairs for name, one in found.items() if one.repairs}


def _set(client: KafkaAdminClient, repairs: Mapping[str, list[SettingChange]]) -> None:
    """Sets these settings. Raises TopicMismatch if the broker refuses one."""
    if not repairs:
        return
    wanted = {name: {change.name: change.wanted for change in changes} for name, changes in repairs.items()}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, values) for name, values in wanted.items()]
    # Without `raise_on_unknown`: the client would ask any broker for the names, also one that does not know the topic yet.
    results = client.alter_configs(resources, raise_on_unknown=False)["topic"]
    refused = [f"{name}: {result}" for name, result in sorted(results.items()) if result != "OK"]
    if refused:
        raise TopicMismatch(f"Kafka does not set the settings of {'; '.join(refused)}")
    wait_until_set(client, wanted)
