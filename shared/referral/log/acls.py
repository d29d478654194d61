"""Access rules at Kafka: what each service may do, derived from the table of topics. Pure.

A service is one Kafka user, shared by its HTTP process and its folds. It reads the topics it consumes, writes the topics it
produces, and sees the others, since every process checks at its start that all topics are as its settings say.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from referral.topics import TOPICS, Topic

ResourceKind = Literal["topic", "group"]
Operation = Literal["READ", "WRITE", "DESCRIBE"]
TopicOperations = Mapping[str, frozenset[Operation]]
"""What a process does with topics, by their short names."""

CONSUMER_GROUPS: Mapping[str, tuple[str, ...]] = {
    "link-issuer": (),
    "conversion-tracker": ("attribute", "screen"),
    "reward-dispatcher": ("decide", "ledger", "pools", "prizes", "deliveries", "delivery"),
    "leaderboard": ("boards", "growth", "activity", "closings", "experiments"),
}
"""The consumer groups of each service, by their short names. Reading without a group (the catalog) needs none."""

SERVICES = tuple(CONSUMER_GROUPS)
_SEES: frozenset[Operation] = frozenset({"DESCRIBE"})


class AccessRule(NamedTuple):
    """A service may do this with a topic or consumer group (its short name)."""

    service: str
    resource: ResourceKind
    name: str
    operation: Operation


def topic_operations(service: str) -> TopicOperations:
    """What a service does with each topic it uses, by the topic table."""
    consumed = (topic for topic in TOPICS.values() if service in topic.consumers)
    produced = (topic for topic in TOPICS.values() if service in topic.producers)
    return operations_on(consumed, produced)


def operations_on(read: Iterable[Topic], written: Iterable[Topic]) -> TopicOperations:
    """The operations of a process that reads and writes these topics."""
    found: dict[str, set[Operation]] = {}
    for topic in read:
        found.setdefault(topic.name, set()).add("READ")
    for topic in written:
        found.setdefault(topic.name, set()).add("WRITE")
    return {name: frozenset(operations) for name, operations in found.items()}


def access_rules() -> list[AccessRule]:
    """The rules of all services. READ and WRITE include DESCRIBE."""
    return [rule for service in SERVICES for rule in _rules(service)]


def _rules(service: str) -> Iterator[AccessRule]:
    used = topic_operations(service)
    for name in TOPICS:
        for operation in sorted(used.get(name, _SEES)):
            yield AccessRule(service, "topic", name, operation)
    for group in CONSUMER_GROUPS[service]:
        yield AccessRule(service, "group", group, "READ")


def acl_commands(prefix: str, users: Mapping[str, str]) -> list[str]:
    """The rules as arguments of `kafka-acls.sh`, one command for each user and resource.

    `prefix` begins the names of topics and groups; `users` has the Kafka user of each service.
    """
    grouped: dict[tuple[str, ResourceKind, str], list[Operation]] = {}
    for rule in access_rules():
        grouped.setdefault((rule.service, rule.resource, rule.name), []).append(rule.operation)
    return [
        f"--add --allow-principal User:{users[service]} {_operation_options(operations)} --{resource} {prefix}{name}"
        for (service, resource, name), operations in grouped.items()
    ]


def _operation_options(operations: list[Operation]) -> str:
    return " ".join(f"--operation {operation.capitalize()}" for operation in operations)
