"""Redis keys of a fold. The hash tag puts a partition's state, timers and fence into one cluster slot."""


def key_prefix(service: str, fold: str, partition: int) -> str:
    """The prefix of every key of one partition, e.g. `ct:{attribute-3}:`."""
    return f"{service}:{{{fold}-{partition}}}:"


def state_key(service: str, fold: str, partition: int, key: str) -> str:
    """The Redis key of a state (a value or a sorted set), e.g. `lb:{boards-3}:prg_glow:referrals:2026-11`."""
    return key_prefix(service, fold, partition) + key


def fence_key(service: str, fold: str, partition: int) -> str:
    """The Redis key of a partition's fence."""
    return key_prefix(service, fold, partition) + "fence"


def timers_key(service: str, fold: str, partition: int) -> str:
    """The Redis key of a partition's timers: a sorted set of state keys by due time (milliseconds since the epoch)."""
    return key_prefix(service, fold, partition) + "timers"
