"""Runs a service process with one part of the fold taken out: `python -m tests.support.chaos.fold_mutation PART MODULE WORDS…`.

For the test of the harness: what it cannot see, it does not guard.
"""

import runpy
import sys
from collections.abc import Mapping, Sequence

from referral.fold import state_store as states_module
from referral.fold.fence import Fence
from referral.fold.state_store import LoadedState, RedisStateStore, StateChange, StateRequest
from referral.log.fold_producer import KafkaFoldProducer, OutputLine


def without_causes() -> None:
    """Every line is taken for news."""
    Fence.admits = lambda self, cause: True  # type: ignore[method-assign]


def says_twice() -> None:
    """Whatever is said is said again, as a worker does that dies between producing and applying, and its successor."""
    real_speak = KafkaFoldProducer.produce

    def speak(self: KafkaFoldProducer, lines: Sequence[OutputLine]) -> None:
        real_speak(self, lines)
        real_speak(self, lines)

    KafkaFoldProducer.produce = speak  # type: ignore[method-assign]


def without_fence() -> None:
    """State is written and read whatever the fence says, and nobody looks whether it moved."""
    states_module._APPLY = states_module._APPLY.replace("if fence ~= ARGV[1] then return 0 end", "")
    held: dict[int, bytes] = {}  # the fences as this process believes them to be
    real_fences, real_load, real_due, real_apply = (
        RedisStateStore.fences,
        RedisStateStore.load,
        RedisStateStore.due,
        RedisStateStore.apply,
    )

    def fences(self: RedisStateStore, partitions: Sequence[int]) -> dict[int, bytes]:
        return {**real_fences(self, partitions), **{p: raw for p, raw in held.items() if p in partitions}}

    def believed(partition: int, found: LoadedState) -> LoadedState:
        found.fence = held.get(partition, found.fence)
        return found

    def load(self: RedisStateStore, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        return {partition: believed(partition, one) for partition, one in real_load(self, wanted).items()}

    def due(self: RedisStateStore, partition: int, until_ms: int) -> LoadedState:
        return believed(partition, real_due(self, partition, until_ms))

    def apply(self: RedisStateStore, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        held.update({partition: change.fence for partition, change in changes.items()})
        return real_apply(self, changes)

    mutations = {"fences": fences, "load": load, "due": due, "apply": apply}
    for name, mutated in mutations.items():
        setattr(RedisStateStore, name, mutated)


MUTATIONS = {"without_causes": without_causes, "says_twice": says_twice, "without_fence": without_fence}

if __name__ == "__main__":
    part, module, *words = sys.argv[1:]
    MUTATIONS[part]()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
