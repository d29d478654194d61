"""The check of the topics that a process uses: they exist, have the expected partitions, and it may read and write them."""

from collections.abc import Mapping
from threading import Event
from typing import TypedDict

import structlog
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from referral.config import Settings
from referral.log.acls import TopicOperations
from referral.log.connection import create_admin_client
from referral.log.errors import AccessDenied
from referral.log.topic_admin import TopicMismatch, partition_count
from referral.topics import TOPICS

_RETRY_S = 0.5
_CHECK_TIMEOUT_MS = 5_000
log = structlog.get_logger()


class _DescribedTopic(TypedDict):
    """What the broker reports of a topic; `authorized_operations` is None if it may not be described."""

    name: str
    error_code: int
    partitions: list[object]
    authorized_operations: list[str] | None


class LogStartup:
    """Waits at the start of a process until it can use the log; meanwhile `reason` is why it is not ready."""

    def __init__(self, settings: Settings, uses: TopicOperations) -> None:
        self._settings = settings
        self._uses = uses
        self.reason: str | None = "not started yet"

    def wait(self, stopping: Event) -> None:
        """Returns once the topics can be used, or `stopping` is set. Raises TopicMismatch: waiting would not help then."""
        while not stopping.is_set():
            try:
                check_topics(self._settings, self._uses, _CHECK_TIMEOUT_MS)
            except KafkaError as error:
                if self.reason != str(error):
                    log.warning("waiting for Kafka", reason=str(error))
                self.reason = str(error)
                stopping.wait(_RETRY_S)
            else:
                self.reason = None
                return


def check_topics(settings: Settings, uses: TopicOperations, timeout_ms: int) -> None:
    """`verify_topics` with a client of its own. Raises KafkaTimeoutError, too, if no broker answers within `timeout_ms`."""
    client = create_admin_client(settings, timeout_ms)
    try:
        verify_topics(client, settings, uses)
    finally:
        client.close()


def verify_topics(client: KafkaAdminClient, settings: Settings, uses: TopicOperations) -> None:
    """Checks that every topic exists with the partitions of the settings, and that this process may do what `uses` lists.

    Raises TopicMismatch, AccessDenied if the broker's access rules do not permit an operation, or another KafkaError for now.
    """
    names = [settings.topic_prefix + name for name in TOPICS]
    described: dict[str, _DescribedTopic] = {found["name"]: found for found in client.describe_topics(names)}
    _verify_visible(described, settings)
    _verify_partitions(described, settings)
    _verify_operations(described, settings, uses)


def _verify_visible(described: Mapping[str, _DescribedTopic], settings: Settings) -> None:
    failed: dict[int, list[str]] = {}
    for name, found in sorted(described.items()):
        failed.setdefault(found["error_code"], []).append(name)
    if TopicAuthorizationFailedError.errno in failed:
        raise _denied(settings, f"DESCRIBE {', '.join(failed[TopicAuthorizationFailedError.errno])}")
    if UnknownTopicOrPartitionError.errno in failed:
        names = ", ".join(failed[UnknownTopicOrPartitionError.errno])
        raise TopicMismatch(f"missing topics: {names}. Create them with `referral topics ensure`")
    for code, names_without_answer in failed.items():
        if code:  # a leader is being elected, for example
            raise for_code(code)(", ".join(names_without_answer))


def _verify_partitions(described: Mapping[str, _DescribedTopic], settings: Settings) -> None:
    counts = {name: len(described[settings.topic_prefix + name]["partitions"]) for name in TOPICS}
    differences = [
        f"{settings.topic_prefix}{topic.name} has {counts[topic.name]} partitions, not {partition_count(topic, settings)}"
        for topic in TOPICS.values()
        if counts[topic.name] != partition_count(topic, settings)
    ]
    if differences:
        raise TopicMismatch(f"{'; '.join(differences)}: set REFERRAL_PARTITIONS of every process to that of the topics")


def _verify_operations(described: Mapping[str, _DescribedTopic], settings: Settings, uses: TopicOperations) -> None:
    """Compares what the broker permits with what the process does. A broker without access rules permits everything."""
    names = {name: settings.topic_prefix + name for name in uses}
    denied = [
        f"{operation} {names[name]}"
        for name, operations in uses.items()
        for operation in sorted(operations)
        if operation not in (described[names[name]]["authorized_operations"] or ())
    ]
    if denied:
        raise _denied(settings, ", ".join(denied))


def _denied(settings: Settings, operations: str) -> AccessDenied:
    user = f"the user {settings.kafka_user!r}" if settings.kafka_user else "this process without a user"
    remedy = "add its access rules with `referral topics ensure --acls`"
    return AccessDenied(f"{user} is not permitted at Kafka to {operations}: {remedy}")
