"""Reads `rewards` from the log into sums, and goes on where it stopped."""

from collections.abc import Callable

import msgspec

from referral.events.rejected import LineRetried
from referral.log.log_reader import KafkaLogReader, Offsets
from referral.log.records import split
from referral.topics import REWARDS
from referral_tools.reconciliation.reward_sums import RewardSums

Progress = Callable[[int, int], None]
"""Is called with how many records were read, and how many there are."""

_decode = msgspec.json.Decoder(REWARDS.lines | LineRetried).decode
# Lines that add nothing. A retried line was added where it was first.
_SKIPPED = tuple(
    f'{{"type":"{name}'.encode()
    for name in ("clock.ticked", "line.retried", "redemption.requested", "redemption.change_requested", "code.issued")
)


class RewardLog:
    """The topic and the sums of its lines. Raises LogUnavailable."""

    def __init__(self, reader: KafkaLogReader, sums: RewardSums, progress: Progress) -> None:
        self.sums = sums
        self._reader = reader
        self._progress = progress
        self._starts: Offsets = {}

    def ends(self) -> Offsets:
        """The offset that the next record of each partition will get."""
        return self._reader.ends(REWARDS)

    def read(self) -> None:
        """Adds the lines that have come since the last time, up to the end as it is now."""
        ends = self.ends()
        starts = {partition: self._starts.get(partition, 0) for partition in ends}
        total, done = sum(ends.values()) - sum(starts.values()), 0
        for polled in self._reader.records(REWARDS, starts, ends):
            for partition, records in polled.items():
                for record in records:
                    self._add(partition, record.offset, record.value)
                done += len(records)
            self._progress(done, total)
        self._starts = ends

    def _add(self, partition: int, offset: int, value: bytes) -> None:
        for number, raw in enumerate(split(value)):
            if not raw.startswith(_SKIPPED):
                self.sums.add(partition, offset, number, _decode(raw))
