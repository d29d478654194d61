"""Runs commands on a cluster: by node, all nodes at the same time, and again where the cluster has changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from redis.exceptions import AskError

from referral.redis_cluster.cluster_nodes import ClusterNodes
from referral.redis_cluster.cluster_url import Address
from referral.redis_cluster.commands import Command, PendingCommand, pending
from referral.redis_cluster.node_batch import NodeBatch
from referral.redis_cluster.replies import PROMPT, UNREACHABLE, SlotUnavailable, Verdict, final, verdict_on
from referral.redis_cluster.slot_map import reported_address

_PROMPT_ROUNDS = 4
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """For how long commands are sent again, and whether also after no reply came in time, when they may have been run."""

    seconds: float
    repeats_timed_out: bool


class CommandRunner:
    """Runs the commands of one client. Thread-safe. `count_retry` gets each reply that is no result."""

    def __init__(self, nodes: ClusterNodes, policy: RetryPolicy, count_retry: Callable[[Verdict], None]) -> None:
        self._nodes = nodes
        self._policy = policy
        self._count_retry = count_retry

    def run(self, commands: Sequence[Command], scripts: Mapping[str, bytes]) -> list[object]:
        """What each command returns: a value, or the error of its last try.

        `scripts` has the scripts that nodes may not have, by digest.
        """
        every = [pending(command) for command in commands]
        deadline = time.monotonic() + self._policy.seconds
        waiting = self._round(every, deadline, scripts)
        round_number = 0
        while waiting and time.monotonic() + (pause := _pause_s(waiting, round_number)) <= deadline:
            if pause:
                time.sleep(pause)
            waiting = self._round(waiting, deadline, scripts)
            round_number += 1
        return [final(one.reply) for one in every]

    def _round(
        self, waiting: Sequence[PendingCommand], deadline: float, scripts: Mapping[str, bytes]
    ) -> list[PendingCommand]:
        """Sends commands once. Returns those to send again."""
        self._send(waiting, deadline)
        return [one for one in waiting if self._is_repeated(one, scripts)]

    def _send(self, waiting: Sequence[PendingCommand], deadline: float) -> None:
        """One round trip: to all nodes first, and only then are the replies read."""
        batches = self._batches(waiting, deadline)
        try:
            for batch in batches:
                batch.send()
            for batch in batches:
                batch.receive(wait=not any(other.timed_out for other in batches))
        finally:
            for batch in batches:
                batch.close()

    def _batches(self, waiting: Sequence[PendingCommand], deadline: float) -> list[NodeBatch]:
        """The commands by node. One whose node is not known has the reason as its reply."""
        by_node: dict[Address, list[PendingCommand]] = {}
        try:
            slots = self._nodes.slot_map(deadline)
        except UNREACHABLE as error:
            for one in waiting:
                one.reply = error
            return []
        for one in waiting:
            address = one.sent_to = one.redirection or slots.owner(one.slot)
            if address is None:
                one.reply = SlotUnavailable(f"no node serves slot {one.slot}")
            else:
                by_node.setdefault(address, []).append(one)
        return [NodeBatch(self._nodes.client(address), commands) for address, commands in by_node.items()]

    def _is_repeated(self, one: PendingCommand, scripts: Mapping[str, bytes]) -> bool:
        """Whether a command is sent again; then it is prepared for that."""
        verdict = verdict_on(one.reply)
        if verdict == "result":
            return False
        self._count_retry(verdict)
        self._learn(one, verdict)
        one.redirection, one.asking = None, False
        if verdict == "ask" and isinstance(one.reply, AskError):
            one.redirection, one.asking = _target(one, one.reply), True
        if verdict == "no_script":
            one.script = scripts.get(str(one.command.arguments[1]))
            return one.script is not None
        return verdict != "timed_out" or self._policy.repeats_timed_out

    def _learn(self, one: PendingCommand, verdict: Verdict) -> None:
        """What the reply reveals about the map of slots."""
        if verdict == "moved" and isinstance(one.reply, AskError):
            self._nodes.correct(one.slot, _target(one, one.reply))
        elif verdict in ("down", "disconnected", "timed_out"):
            self._nodes.doubt(one.sent_to)


def _target(one: PendingCommand, reply: AskError) -> Address:
    """The node that a redirection names."""
    return reported_address(reply.host, reply.port, one.sent_to or Address(reply.host, reply.port))


def _pause_s(waiting: Sequence[PendingCommand], round_number: int) -> float:
    """None for the first redirections; otherwise longer each time, as the cluster needs time to change."""
    if round_number < _PROMPT_ROUNDS and all(verdict_on(one.reply) in PROMPT for one in waiting):
        return 0.0
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * (1 << round_number))
