"""Which variant an experiment was decided for: the fold experiments writes it, link-issuer reads it."""

from redis.exceptions import RedisError

from referral.events.keys import experiment_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of

DECISIONS_SERVICE, DECISIONS_FOLD = "lb", "experiments"


def decision_board(program: str, experiment: str) -> str:
    """Returns the name of the sorted set with the variant that an experiment was decided for, by the time of the decision (ms).

    It is in the partition of the experiment (`experiment_key`), and has one member once the experiment is decided.
    """
    return f"decided:{program}|{experiment}"


class DecidedExperiments:
    """Reads what the fold experiments decided. Thread-safe."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def variant(self, program: str, experiment: str) -> str | None:
        """Returns the variant that an experiment was decided for. None while it runs, and while Redis is unavailable:

        then people get the variant that they were assigned, as before the decision.
        """
        partition = partition_of(experiment_key(program, experiment), self._partitions)
        key = state_key(DECISIONS_SERVICE, DECISIONS_FOLD, partition, decision_board(program, experiment))
        try:
            found = self._redis.zrange(key, 0, 0)
        except RedisError:
            return None
        return next((member.decode() for member in found if isinstance(member, bytes)), None)
