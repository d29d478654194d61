"""The state of the brokers and topics of an installation: read at the broker, compared with the topic table. Changes nothing."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kafka import KafkaAdminClient

from referral.config import Settings
from referral.log.connection import administer
from referral.log.present_topics import describe_present_topics
from referral.log.topic_admin import wanted_topics
from referral.log.topic_differences import IN_SYNC, PresentTopic, WantedTopic, differences, faults, smallest_in_sync
from referral.log.topic_visibility import running_brokers

INTERNAL = ("__consumer_offsets", "__transaction_state")
"""Topics of Kafka itself: the positions of consumer groups, and transactions. They exist once they are needed."""


class TopicDiagnosis(NamedTuple):
    """The ids of the running brokers, the topics that exist by their full names, and what is wrong, each with its remedy."""

    brokers: tuple[int, ...]
    topics: dict[str, PresentTopic]
    findings: list[str]


def diagnose_topics(settings: Settings, timeout_ms: int = 10_000) -> TopicDiagnosis:
    """What is there, and what is wrong with it.

    Raises KafkaTimeoutError if no broker answers within `timeout_ms`, AuthorizationError if the user may not see all of it.
    """

    def diagnose(client: KafkaAdminClient) -> TopicDiagnosis:
        brokers = running_brokers(client)
        wanted = wanted_topics(settings)
        topics = describe_present_topics(client, [*wanted, *INTERNAL])
        return TopicDiagnosis(brokers, topics, list(findings(brokers, topics, wanted, settings)))

    return administer(settings, timeout_ms, diagnose)


def findings(
    brokers: tuple[int, ...], topics: Mapping[str, PresentTopic], wanted: Mapping[str, WantedTopic], settings: Settings
) -> Iterator[str]:
    """What is wrong, as sentences without a full stop."""
    if len(brokers) < settings.replication:
        yield (
            f"{len(brokers)} brokers are running and REFERRAL_REPLICATION is {settings.replication}: start the others, or set it to"
            " their number"
        )
    for name, topic in wanted.items():
        if name not in topics:
            yield f"{name} does not exist: create it with `referral topics ensure`"
            continue
        yield from _differences(name, topics[name], topic, settings)
    for name in INTERNAL:
        if name in topics:
            yield from _internal(name, topics[name], settings)
    for name, present in topics.items():
        yield from faults(name, present)


def _differences(name: str, present: PresentTopic, wanted: WantedTopic, settings: Settings) -> Iterator[str]:
    found = differences(name, present, wanted, settings.kafka)
    for change in found.repairs:
        yield f"{name} has {change.name}={change.present}, not {change.wanted}: set it with `referral topics ensure`"
    yield from found.obstacles


def _internal(name: str, present: PresentTopic, settings: Settings) -> Iterator[str]:
    """Kafka creates these by the configuration of its brokers, which other systems may share: they are not set from here."""
    if present.replication < settings.replication:
        yield (
            f"{name} has {present.replication} replicas, not {settings.replication}: write a plan with `referral topics doctor"
            " --plan FILE` and run the command that it prints"
        )
    least = smallest_in_sync(present.replication)
    if int(present.settings[IN_SYNC]) < least:
        yield (
            f"{name} has {IN_SYNC}={present.settings[IN_SYNC]}, not {least}: run kafka-configs.sh --bootstrap-server"
            f" {settings.kafka} --alter --entity-type topics --entity-name {name} --add-config {IN_SYNC}={least}"
        )
