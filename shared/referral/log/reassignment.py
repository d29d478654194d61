"""The plan that gives every partition the wanted number of replicas. Pure."""

from collections.abc import Mapping, Sequence

from referral.log.topic_differences import PresentPartition, PresentTopic


def reassignment(
    topics: Mapping[str, PresentTopic], brokers: Sequence[int], replication: int
) -> list[dict[str, object]]:
    """The partitions whose number of replicas differs, as `kafka-reassign-partitions.sh` takes them.

    Replicas stay where they are, the leader first; new ones go to the broker with the fewest. Raises ValueError if there are fewer
    brokers than replicas.
    """
    if len(brokers) < replication:
        raise ValueError(f"{replication} replicas need as many brokers, and there are {len(brokers)}")
    load = dict.fromkeys(brokers, 0)
    for topic in topics.values():
        for one in topic.partitions:
            _count(load, one.replicas)
    return [
        {"topic": name, "partition": one.number, "replicas": _replicas(one, load, replication)}
        for name, topic in topics.items()
        for one in topic.partitions
        if len(one.replicas) != replication
    ]


def _replicas(one: PresentPartition, load: dict[int, int], replication: int) -> list[int]:
    """The replicas of a partition after the reassignment; `load` is updated."""
    leader_first = sorted(one.replicas, key=lambda broker: broker != one.leader)
    chosen = [broker for broker in leader_first if broker in load][:replication]
    while len(chosen) < replication:
        free = [broker for broker in load if broker not in chosen]
        chosen.append(min(free, key=lambda broker: (load[broker], (broker - one.number) % len(load))))
        load[chosen[-1]] += 1
    return chosen


def _count(load: dict[int, int], replicas: Sequence[int]) -> None:
    for broker in replicas:
        if broker in load:
            load[broker] += 1
