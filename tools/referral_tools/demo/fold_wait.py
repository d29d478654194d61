"""Waits until everything on the log is folded: every fence at the end of its topic."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import msgspec

from referral.clock import FileClock
from referral.config import Settings
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.lag import lag_by_fold
from referral.log.connection import create_consumer
from referral.log.log_reader import KafkaLogReader, Offsets
from referral.log.records import split
from referral.redis_client import connect_for_folds
from referral.topics import EVENTS

_LOOK_S = 0.1
_WITHIN_S = 120.0


class FoldsBehind(Exception):
    """Some folds did not catch up in time; names them, and by how many records they lag."""


class FoldWaiter:
    """Looks at fences and ends of topics. A context manager: holds a client of the broker and one of Redis."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer = create_consumer(settings)
        self._redis = connect_for_folds(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
        self._redis.close()

    def until_folded(self) -> None:
        """Returns once no fold lags, checked twice: the output of one fold reaches the next. Raises FoldsBehind."""
        deadline, quiet = time.monotonic() + _WITHIN_S, 0
        while quiet < 2:
            lag = lag_by_fold(self._settings, self._consumer, self._redis)
            quiet = 0 if any(lag.values()) else quiet + 1
            if time.monotonic() > deadline:
                raise FoldsBehind(f"not folded within {_WITHIN_S:.0f} s: {_describe_lag(lag)}")
            if not quiet:
                time.sleep(_LOOK_S)

    def tick(self, clock: FileClock, at_ms: int) -> None:
        """Sets the clock, and returns once everything that the tick of that time leads to is folded. Raises FoldsBehind."""
        deadline = time.monotonic() + _WITHIN_S
        with KafkaLogReader(self._settings, connect_timeout_s=_WITHIN_S, record_timeout_s=_WITHIN_S) as reader:
            starts = reader.ends(EVENTS)
            clock.set(at_ms)
            waiting = set(starts)
            while waiting:
                ends = reader.ends(EVENTS)
                waiting -= _partitions_with_tick(reader, starts, ends, at_ms)
                starts = ends
                if time.monotonic() > deadline:
                    raise FoldsBehind(f"no tick within {_WITHIN_S:.0f} s in {len(waiting)} partitions of {EVENTS.name}")
                time.sleep(_LOOK_S)
        self.until_folded()


def _partitions_with_tick(reader: KafkaLogReader, starts: Offsets, ends: Offsets, at_ms: int) -> set[int]:
    """The partitions with a tick of this time or later."""
    return {
        partition
        for polled in reader.records(EVENTS, starts, ends)
        for partition, records in polled.items()
        for record in records
        for raw in split(record.value)
        if isinstance(line := msgspec.json.decode(raw, type=EVENTS.lines), ClockTicked)
        and to_ms(line.occurred_at) >= at_ms
    }


def _describe_lag(lag: Mapping[str, int]) -> str:
    return ", ".join(f"{fold} is {records} records behind" for fold, records in lag.items() if records)
