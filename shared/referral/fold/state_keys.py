"""The names of a fold's keys in Redis. The hash tag keeps a partition's state, timers and fence in one cluster slot."""


def key_prefix(service: str, fold: str, partition: int) -> str:
    """What every key of one partition begins with, e.g. `ct:{attribute-3}:`."""
    return f"{service}:{{{fold}-{partition}}}:"


def state_key(service: str, fold: str, partition: int, key: str) -> str:
    """The Redis key of a state (a value or a sorted set), e.g. `lb:{boards-3}:prg_glow:referrals:2026-11`."""
    return key_prefix(service, fold, partition) + key


def fence_key(service: str, fold: str, partition: int) -> str:
    """Where the position lies up to which the partition is folded."""
    return key_prefix(service, fold, partition) + "fence"


def timers_key(service: str, fold: str, partition: int) -> str:
    """The sorted set of what falls due: members are state keys, scores milliseconds since the epoch."""
    return key_prefix(service, fold, partition) + "timers"
