"""Runs a service with one part of the fold removed: `python -m tests.support.chaos.fold_mutation MUTATION MODULE ARGUMENTS`.

For the test of the chaos tests themselves: they must fail with each mutation.
"""

import runpy
import sys
from collections.abc import Mapping, Sequence

from referral.fold import state_store as states_module
from referral.fold.fence import Fence
from referral.fold.state_store import LoadedState, RedisStateStore, StateChange, StateRequest
from referral.log.fold_producer import KafkaFoldProducer, OutputLine


def ignore_causes() -> None:
    """Applies every line, even if its cause has been applied."""
    Fence.take = lambda self, cause: True  # type: ignore[method-assign]


def produce_twice() -> None:
    """Produces each line twice, as a worker that dies between producing and applying, and its successor, do."""
    real_produce = KafkaFoldProducer.produce

    def produce(self: KafkaFoldProducer, lines: Sequence[OutputLine]) -> None:
        real_produce(self, lines)
        real_produce(self, lines)

    KafkaFoldProducer.produce = produce  # type: ignore[method-assign]


def ignore_fence() -> None:
    """Reads and writes state without comparing its fence."""
    comparison = "if fence ~= ARGV[1] then return 0 end"
    assert comparison in states_module.APPLY
    states_module.APPLY = states_module.APPLY.replace(comparison, "")
    held: dict[int, bytes] = {}  # the fences as this process last wrote them
    real_fences, real_load, real_due, real_apply = (
        RedisStateStore.fences,
        RedisStateStore.load,
        RedisStateStore.due,
        RedisStateStore.apply,
    )

    def fences(self: RedisStateStore, partitions: Sequence[int]) -> dict[int, bytes]:
        return {**real_fences(self, partitions), **{p: raw for p, raw in held.items() if p in partitions}}

    def with_held_fence(partition: int, found: LoadedState) -> LoadedState:
        found.fence = held.get(partition, found.fence)
        return found

    def load(self: RedisStateStore, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        return {partition: with_held_fence(partition, one) for partition, one in real_load(self, wanted).items()}

    def due(self: RedisStateStore, partition: int, until_ms: int) -> LoadedState:
        return with_held_fence(partition, real_due(self, partition, until_ms))

    def apply(self: RedisStateStore, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        held.update({partition: change.fence for partition, change in changes.items()})
        return real_apply(self, changes)

    mutations = {"fences": fences, "load": load, "due": due, "apply": apply}
    for name, mutated in mutations.items():
        setattr(RedisStateStore, name, mutated)


MUTATIONS = {mutate.__name__: mutate for mutate in (ignore_causes, produce_twice, ignore_fence)}

if __name__ == "__main__":
    mutation, module, *arguments = sys.argv[1:]
    MUTATIONS[mutation]()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
