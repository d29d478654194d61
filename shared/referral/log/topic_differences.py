"""How a topic at the broker differs from the topic table: what can be set, what an operator has to do. Pure.

A setting is set only if it can remove nothing but replaced records, or if REFERRAL_RETENTION names the topic. The replicas of a
partition change by a reassignment; the partition count decides where states are stored and cannot change.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

IN_SYNC = "min.insync.replicas"
_COMPACTION = frozenset({"max.compaction.lag.ms", "segment.ms", "min.cleanable.dirty.ratio", "delete.retention.ms"})
_NEVER_REMOVES = frozenset({IN_SYNC, "message.timestamp.type"}) | _COMPACTION
_LIMITS = frozenset({"retention.ms", "retention.bytes"})
_NO_LIMIT = -1


class WantedTopic(NamedTuple):
    """What the topic table and the settings of this installation say of a topic. `settings` are without IN_SYNC.

    `shortens`: the installation sets how long the topic keeps its records, also where that is shorter than now.
    """

    partitions: int
    replication: int
    settings: Mapping[str, str]
    shortens: bool = False


class PresentPartition(NamedTuple):
    """A partition at the broker: its number, and the ids of the brokers that have it. `leader` is -1 without one."""

    number: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class PresentTopic(NamedTuple):
    """A topic at the broker."""

    partitions: tuple[PresentPartition, ...]
    settings: Mapping[str, str]

    @property
    def replication(self) -> int:
        """The smallest number of replicas of a partition."""
        return min((len(one.replicas) for one in self.partitions), default=0)


class SettingChange(NamedTuple):
    """A setting of a topic, with its value at the broker and the wanted one."""

    name: str
    present: str
    wanted: str


class TopicDifferences(NamedTuple):
    """`repairs` may be set at once; `obstacles` are sentences, each with what an operator has to do."""

    repairs: list[SettingChange]
    obstacles: list[str]


def smallest_in_sync(replication: int) -> int:
    """How many brokers must have a record before it is acknowledged: 2, or 1 for a topic with one replica."""
    return min(2, replication)


def differences(name: str, present: PresentTopic, wanted: WantedTopic, servers: str) -> TopicDifferences:
    """How a topic differs from what is wanted. `servers` are named in the commands for operators."""
    changes = list(_setting_changes(present, wanted))
    repairs = [change for change in changes if removes_nothing(change) or (wanted.shortens and change.name in _LIMITS)]
    obstacles = [_setting_obstacle(name, change, servers) for change in changes if change not in repairs]
    return TopicDifferences(repairs, [*_count_obstacles(name, present, wanted), *obstacles])


def removes_nothing(change: SettingChange) -> bool:
    """Whether no record can be removed by this change."""
    if change.name in _LIMITS:
        present, wanted = int(change.present), int(change.wanted)
        return wanted == _NO_LIMIT or (present != _NO_LIMIT and wanted >= present)
    return change.name in _NEVER_REMOVES


def faults(name: str, present: PresentTopic) -> list[str]:
    """What is wrong with a topic's replicas now: no leader, too few in sync for writes, one behind."""
    least = int(present.settings.get(IN_SYNC, "1"))
    by_fault: dict[str, list[int]] = {}
    for one in present.partitions:
        fault = _fault(one, least)
        if fault:
            by_fault.setdefault(fault, []).append(one.number)
    return [f"{name} {fault}: partitions {', '.join(map(str, numbers))}" for fault, numbers in by_fault.items()]


def _setting_changes(present: PresentTopic, wanted: WantedTopic) -> Iterator[SettingChange]:
    """A topic with fewer replicas than wanted needs no more of them in sync than it has: it would refuse every write."""
    settings = {**wanted.settings, IN_SYNC: str(smallest_in_sync(present.replication))}
    for name, value in settings.items():
        if present.settings[name] != value:
            yield SettingChange(name, present.settings[name], value)


def _count_obstacles(name: str, present: PresentTopic, wanted: WantedTopic) -> Iterator[str]:
    if len(present.partitions) != wanted.partitions:
        yield (
            f"{name} has {len(present.partitions)} partitions, not {wanted.partitions}: set REFERRAL_PARTITIONS to that, or use"
            " another REFERRAL_TOPIC_PREFIX together with another Redis database. The partition count decides where the state is"
            " stored and cannot change afterwards"
        )
    if any(len(one.replicas) != wanted.replication for one in present.partitions):
        yield (
            f"{name} has {present.replication} replicas, not {wanted.replication}: set REFERRAL_REPLICATION to that, or write a"
            " plan with `referral topics doctor --plan FILE` and run the command that it prints"
        )


def _setting_obstacle(name: str, change: SettingChange, servers: str) -> str:
    return (
        f"{name} has {change.name}={change.present}, not {change.wanted}, which would remove records: run kafka-configs.sh"
        f" --bootstrap-server {servers} --alter --entity-type topics --entity-name {name} --add-config"
        f" {change.name}={change.wanted} if that is what you want"
    )


def _fault(one: PresentPartition, least: int) -> str | None:
    if one.leader < 0:
        return "has no leader, so it is neither read nor written; start the brokers that have it"
    if len(one.in_sync) < least:
        return f"has fewer than {least} replicas in sync, so writes are answered 503; start the brokers that have it"
    if len(one.in_sync) < len(one.replicas):
        return "has a replica that is behind or away; start that broker, or wait until it has caught up"
    return None
