"""Waits until every broker reports topics that were just created, and settings that were just set.

Kafka acknowledges both before its brokers have read of them. A service that starts meanwhile and asks one that has not would find
the topic missing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from kafka import KafkaAdminClient
from kafka.admin import ConfigResourceType
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.protocol.admin import DescribeConfigsRequest
from kafka.protocol.metadata import MetadataRequest

from referral.log.present_topics import DescribedTopic
from referral.polling import becomes_true

_WAIT_S = 60.0
"""Usually it takes a few milliseconds; a broker on a busy machine creates the files of earlier topics first."""

TopicSettings = Mapping[str, Mapping[str, str]]
"""Values by the name of the setting, by the name of the topic."""
_Missing = Callable[[int], Awaitable[list[str]]]
"""What a broker does not report yet."""


class TopicsNotReported(KafkaTimeoutError):  # type: ignore[misc] # kafka-python has no types
    """Topics were created or changed, but a broker does not report it yet."""


def running_brokers(client: KafkaAdminClient) -> tuple[int, ...]:
    """The ids of the brokers that take part in the cluster. Raises kafka's errors."""
    brokers = client.describe_cluster()["brokers"]
    return tuple(sorted(int(broker["broker_id"]) for broker in brokers if not broker.get("is_fenced")))


def wait_until_reported(client: KafkaAdminClient, names: Sequence[str], wait_s: float = _WAIT_S) -> None:
    """Returns once every running broker reports these topics, each partition with a leader. Raises TopicsNotReported."""

    async def missing(broker: int) -> list[str]:
        topics = [MetadataRequest.MetadataRequestTopic(name=name) for name in names]
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=False)
        reported = (await client._manager.send(request, node_id=broker)).to_dict()["topics"]
        return sorted(set(names) - {topic["name"] for topic in reported if _is_complete(topic)})

    _wait(client, missing, wait_s)


def _is_complete(topic: DescribedTopic) -> bool:
    partitions = topic["partitions"]
    return topic["error_code"] == 0 and bool(partitions) and all(one["leader_id"] >= 0 for one in partitions)


def wait_until_set(client: KafkaAdminClient, wanted: TopicSettings, wait_s: float = _WAIT_S) -> None:
    """Returns once every running broker reports these settings. Raises TopicsNotReported."""

    async def missing(broker: int) -> list[str]:
        resources = [(ConfigResourceType.TOPIC, name, list(settings)) for name, settings in wanted.items()]
        results = (await client._manager.send(DescribeConfigsRequest(resources=resources), node_id=broker)).results
        reported = {one.resource_name: {config.name: config.value for config in one.configs} for one in results}
        return sorted(f"the settings of {name}" for name in wanted if reported.get(name) != wanted[name])

    _wait(client, missing, wait_s)


def _wait(client: KafkaAdminClient, missing: _Missing, wait_s: float) -> None:
    reason = ""

    def is_reported() -> bool:
        nonlocal reason
        reason = _missing_at_a_broker(client, missing)
        return not reason

    if not becomes_true(is_reported, wait_s):
        raise TopicsNotReported(f"{reason} after {wait_s:g} s")


def _missing_at_a_broker(client: KafkaAdminClient, missing: _Missing) -> str:
    """The first broker that does not report everything and what, as a sentence; empty if there is none.

    kafka-python's own `wait_for_topics` asks any broker; to ask a certain one it has no public method.
    """
    try:
        brokers = running_brokers(client)
        for broker in brokers:
            if found := client._manager.run(missing, broker):
                return f"broker {broker} does not report {', '.join(found)}"
    except KafkaError as error:  # a broker that has just ended, for example: the next round asks those that are left
        return f"a broker does not answer ({error})"
    return "" if brokers else "no broker is running"
