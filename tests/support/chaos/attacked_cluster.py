"""The whole system on three brokers and a Redis Cluster, two workers a fold, and what may happen to it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from redis import Redis

from referral.fold.state_keys import fence_key
from referral.log.topic_diagnosis import diagnose_topics
from referral.redis_client import connect_for_folds, servers_of
from referral_tools.stack.cluster_stack import ClusterStack
from referral_tools.stack.redis_cluster_node import ClusterNode
from tests.support.chaos.attacked_system import FOLDS, AttackedSystem
from tests.support.chaos.event_feed import EventFeed
from tests.support.redis_states import fold_states
from tests.support.waiting import wait_until

_BUSY = fence_key("ct", "attribute", 0)  # its slot has the states of a partition that every campaign uses


class AttackedCluster(AttackedSystem):
    """Every node and process may be killed, as long as another of its kind is left."""

    def __init__(self, home: Path) -> None:
        # A clock tick between two readings of the states would change them.
        super().__init__(home, cluster=True, REFERRAL_TICK_SECONDS="86400")

    @property
    def stack(self) -> ClusterStack:
        """The brokers and the Redis Cluster."""
        assert isinstance(self.system.stack, ClusterStack)
        return self.system.stack

    def attack_in_turn(self, feed: EventFeed, faults: Sequence[Callable[[], None]]) -> None:
        """Runs the feed, and one fault after the other while it goes on: each has its share of the events."""
        waiting = list(faults)
        share = 1 / len(faults)
        feed.ceiling = share

        def inject_fault() -> None:
            if waiting and feed.progress > feed.ceiling - 0.7 * share:
                waiting.pop(0)()
                feed.ceiling += share

        self.attack(feed, inject_fault)
        assert not waiting, "the feed ended before all faults"

    def kill_a_worker_of_each_fold(self) -> None:
        """They are started again at once, and get their partitions back."""
        for fold in FOLDS:
            self.kill(fold)

    def hand_over_the_partitions_of(self, *names: str) -> None:
        """Kills workers and starts them again when the group has given their partitions to the others."""
        for name in names:
            self.kill(name)
        wait_until(lambda: all(self._has_all_partitions(f"{name}-2") for name in names))

    def kill_server(self) -> None:
        """Kills the service that accepts events, and returns when it is ready again."""
        self.kill("conversion-tracker")
        self.wait_until_ready("conversion-tracker")

    def kill_broker(self) -> None:
        """Kills the broker that leads a busy partition; starts it again when others lead everything that it led."""
        victim = self._leaders()[0]
        self.stack.brokers.kill(victim)
        wait_until(lambda: victim not in self._leaders())
        self.stack.brokers.begin_start()
        self.stack.brokers.await_started()

    def kill_master(self) -> None:
        """Kills the Redis master of a busy partition; starts it again when its replica has taken over."""
        cluster = self.stack.redis_cluster
        victim = cluster.master_of_key(_BUSY)
        cluster.kill(victim)
        cluster.await_served()
        cluster.start_again(victim)
        cluster.await_complete()

    def kill_master_that_was_ahead_of_its_replica(self) -> None:
        """Kills the master when its replica has missed writes: what they were is lost, and the fence goes back."""
        master = self.stack.redis_cluster.master_of_key(_BUSY)
        replica = self.stack.redis_cluster.replica_of(master)
        master.client.execute_command("ACL SETUSER", "default", "-psync", "-sync")
        master.client.execute_command("CLIENT KILL", "TYPE", "replica")
        missed = _fence_at(replica)
        wait_until(lambda: _fence_at(master) not in (None, missed))
        assert _fence_at(replica) == missed
        self.kill_master()

    def move_slot(self) -> None:
        """Moves the slot of a busy partition to another master, while folds and services use its keys."""
        cluster = self.stack.redis_cluster
        owner = cluster.master_of_key(_BUSY)
        cluster.move_slot(cluster.slot_of(_BUSY), cluster.other_master(owner))

    def states(self) -> dict[bytes, object]:
        """Returns every state of the folds, without fences, of which the tail depends on how records were batched."""
        with connect_for_folds(self.system.settings) as redis:
            return {name: value for server in servers_of(redis) for name, value in fold_states(server).items()}

    def refold(self) -> None:
        """Empties Redis; returns when every state has been folded again from the log."""
        self.flush()
        self.restore()

    def _leaders(self) -> list[int]:
        """The brokers that lead the partitions of all topics, those of `events` first; -1 where one has none."""
        topics = diagnose_topics(self.system.settings).topics
        busy = topics.pop(f"{self.system.settings.topic_prefix}events")
        return [one.leader for topic in (busy, *topics.values()) for one in topic.partitions]

    def _has_all_partitions(self, name: str) -> bool:
        """Whether a worker has all partitions of its fold: it reports the lag of each that it has."""
        metrics = self.http.get(f"{self.system.address(name)}/metrics").text
        return metrics.count("referral_fold_lag_records{") == self.system.settings.partitions


def _fence_at(node: ClusterNode) -> bytes | None:
    """The fence of the busy partition as a node has it, also if it is a replica."""
    with Redis(port=node.port, single_connection_client=True) as redis:
        redis.execute_command("READONLY")
        fence: bytes | None = redis.get(_BUSY)
        return fence
