"""Reads the state of the fold experiments for the HTTP API, over all partitions."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from leaderboard.domain.experiment_sums import DecidedVariant, ExperimentLooks, ExperimentSums, total
from leaderboard.folds import state_keys
from referral.events.keys import experiment_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of

_decode_sums = msgspec.msgpack.Decoder(ExperimentSums).decode
_decode_looks = msgspec.msgpack.Decoder(ExperimentLooks).decode


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """The sums of an experiment as of now, and the decision if there is one."""

    sums: ExperimentSums
    decided: DecidedVariant | None


class ExperimentStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def read(self, program: str, experiments: Iterable[str]) -> list[ExperimentState]:
        """Returns the states of experiments of a program, in their order, in one round trip."""
        names = list(experiments)
        with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                for partition in range(self._partitions):
                    pipeline.get(self._key(partition, state_keys.experiment_sums(program, name)))
                home = partition_of(experiment_key(program, name), self._partitions)
                pipeline.get(self._key(home, state_keys.experiment_looks(program, name)))
            found = pipeline.execute()
        size = self._partitions + 1
        return [_state(found[start : start + size]) for start in range(0, len(found), size)]

    def _key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.EXPERIMENTS, partition, key)


def _state(found: list[bytes | None]) -> ExperimentState:
    *parts, looks = found
    sums = total(_decode_sums(raw) for raw in parts if raw is not None)
    return ExperimentState(sums, _decode_looks(looks).decided if looks is not None else None)
