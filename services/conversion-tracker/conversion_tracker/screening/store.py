"""Reads conversions from the state of the screen fold."""

from typing import Literal

import msgspec

from conversion_tracker.bans.ban import Ban
from conversion_tracker.screening.conversion import Conversion, ConversionStatus
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import (
    CONVERSION_PREFIX,
    ScreenState,
    active_set,
    appeal_board,
    conversion_state_key,
    history_state_key,
    status_board,
)
from conversion_tracker.screening.referrer_history import ReferrerHistory
from referral.events.keys import referrer_key
from referral.fold.sorted_set_listing import ListEntry, SortedSetListing, split_page
from referral.redis_client import RedisClient
from referral.topics import partition_of

QueueName = ConversionStatus | Literal["appealed"]
_decode = msgspec.msgpack.Decoder(ScreenState).decode


class ConversionStore:
    """The conversions of all programs."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._listing = SortedSetListing(redis, ScreenFold.service, ScreenFold.name, partitions)
        self._partitions = partitions

    def after(
        self, program: str, status: QueueName, entry: ListEntry | None, limit: int
    ) -> tuple[list[Conversion], ListEntry | None]:
        """Returns the page of a status after an entry, by time of qualification, and its last entry if another page follows.

        `reversed`: by the time of the reversal.
        `appealed`: those whose appeal waits for a review, by the time of the appeal.
        """
        entries, last = split_page(self._listing.entries_after(_board(program, status), entry, limit + 1), limit)
        return self._conversions([(one.partition, CONVERSION_PREFIX + one.member) for one in entries]), last

    def of_referrer(self, program: str, referrer: str, limit: int) -> tuple[list[Conversion], int]:
        """Returns a referrer's active conversions of any outcome, the newest first, and how many there are in all."""
        partition = partition_of(referrer_key(program, referrer), self._partitions)
        ids, total = self._listing.newest(partition, active_set(program, referrer), limit)
        return self._conversions([(partition, CONVERSION_PREFIX + id) for id in ids]), total

    def count(self, program: str, status: QueueName) -> tuple[int, float | None]:
        """Returns how many conversions have a status, and when the first of them qualified (ms); None without any.

        `appealed`: how many appeals wait for a review, and since when the first one.
        """
        return self._listing.count(_board(program, status))

    def count_since(self, program: str, status: ConversionStatus, since_ms: int) -> int:
        """Returns how many conversions of a status qualified at a time or later; `reversed`: how many were reversed since."""
        return self._listing.count_since(status_board(program, status), since_ms)

    def find(self, id: str) -> Conversion | None:
        """Returns the conversion with this id. The id does not determine the partition, so all are read in one round trip."""
        keys = [(partition, CONVERSION_PREFIX + id) for partition in range(self._partitions)]
        return next(iter(self._conversions(keys)), None)

    def conversion(self, program: str, referrer: str, referral: str) -> Conversion | None:
        """Returns the conversion of a referral; None if it has never qualified."""
        partition = partition_of(referrer_key(program, referrer), self._partitions)
        return next(iter(self._conversions([(partition, conversion_state_key(referral))])), None)

    def ban(self, conversion: Conversion) -> Ban | None:
        """Returns the ban of the conversion's referrer, if any."""
        partition = partition_of(referrer_key(conversion.program, conversion.referrer), self._partitions)
        (raw,) = self._listing.get_states([(partition, history_state_key(conversion.program, conversion.referrer))])
        history = _decode(raw) if raw else None
        return history.ban if isinstance(history, ReferrerHistory) else None

    def _conversions(self, keys: list[tuple[int, str]]) -> list[Conversion]:
        states = [_decode(raw) for raw in self._listing.get_states(keys) if raw]
        return [one for one in states if isinstance(one, Conversion)]


def _board(program: str, status: QueueName) -> str:
    return appeal_board(program) if status == "appealed" else status_board(program, status)
