"""Runs a service with one part of the fold removed: `python -m tests.support.chaos.fold_mutation MUTATION MODULE ARGUMENTS`.

For the test of the chaos tests themselves: they must fail with each mutation.
"""

import runpy
import sys
from collections.abc import Mapping, Sequence

from referral.fold import states as states_module
from referral.fold.fence import Fence
from referral.fold.states import Change, Loaded, RedisStates, Wanted
from referral.log.speaker import KafkaSpeaker, Spoken


def ignore_causes() -> None:
    """Applies every line, even if its cause has been applied."""
    Fence.admits = lambda self, cause: True  # type: ignore[method-assign]


def produce_twice() -> None:
    """Produces each line twice, as a worker that dies between producing and applying, and its successor, do."""
    real_speak = KafkaSpeaker.speak

    def speak(self: KafkaSpeaker, lines: Sequence[Spoken]) -> None:
        real_speak(self, lines)
        real_speak(self, lines)

    KafkaSpeaker.speak = speak  # type: ignore[method-assign]


def ignore_fence() -> None:
    """Reads and writes state without comparing its fence."""
    states_module._APPLY = states_module._APPLY.replace("if fence ~= ARGV[1] then return 0 end", "")
    held: dict[int, bytes] = {}  # the fences as this process last wrote them
    real_fences, real_load, real_due, real_apply = (
        RedisStates.fences,
        RedisStates.load,
        RedisStates.due,
        RedisStates.apply,
    )

    def fences(self: RedisStates, partitions: Sequence[int]) -> dict[int, bytes]:
        return {**real_fences(self, partitions), **{p: raw for p, raw in held.items() if p in partitions}}

    def with_held_fence(partition: int, found: Loaded) -> Loaded:
        found.fence = held.get(partition, found.fence)
        return found

    def load(self: RedisStates, wanted: Mapping[int, Wanted]) -> dict[int, Loaded]:
        return {partition: with_held_fence(partition, one) for partition, one in real_load(self, wanted).items()}

    def due(self: RedisStates, partition: int, until_ms: int) -> Loaded:
        return with_held_fence(partition, real_due(self, partition, until_ms))

    def apply(self: RedisStates, changes: Mapping[int, Change]) -> dict[int, bool]:
        held.update({partition: change.fence for partition, change in changes.items()})
        return real_apply(self, changes)

    mutations = {"fences": fences, "load": load, "due": due, "apply": apply}
    for name, mutated in mutations.items():
        setattr(RedisStates, name, mutated)


MUTATIONS = {mutate.__name__: mutate for mutate in (ignore_causes, produce_twice, ignore_fence)}

if __name__ == "__main__":
    mutation, module, *arguments = sys.argv[1:]
    MUTATIONS[mutation]()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
