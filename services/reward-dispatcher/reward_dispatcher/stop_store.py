"""Reads the rewards that caps stopped from the state of the decide fold."""

import msgspec

from referral.fold.sorted_set_listing import ListEntry, SortedSetListing, split_page
from referral.redis_client import RedisClient
from reward_dispatcher.folds import state_keys, stop_keys
from reward_dispatcher.folds.decide_fold import State
from reward_dispatcher.folds.stop_keys import StoppedReward

_decode = msgspec.msgpack.Decoder(State).decode


class StoppedRewards:
    """The lists of all programs. Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._listing = SortedSetListing(redis, state_keys.SERVICE, stop_keys.DECIDE, partitions)

    def after(self, program: str, entry: ListEntry | None, limit: int) -> tuple[list[StoppedReward], ListEntry | None]:
        """Returns the page after an entry, the oldest first, and its last entry if another page follows."""
        name = stop_keys.stopped_rewards(program)
        entries, last = split_page(self._listing.entries_after(name, entry, limit + 1), limit)
        keys = [(one.partition, stop_keys.stopped(one.member)) for one in entries]
        states = [_decode(raw) for raw in self._listing.get_states(keys) if raw]
        return [one for one in states if isinstance(one, StoppedReward)], last
