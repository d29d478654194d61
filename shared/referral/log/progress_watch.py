"""Whether a consumer makes progress: a backlog that it does not reduce for too long is a stall. Pure."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

RESTART_STATUS = 75
"""The exit status of a process that was stalled and has to be started again (EX_TEMPFAIL of sysexits.h)."""
_MAX_STEP_S = 30.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many records wait, and a marker that changes whenever the consumer does something about them."""

    records: int
    marker: Hashable


@dataclass(slots=True)
class _Watched:
    marker: Hashable
    records: int
    stalled_s: float = 0.0


class ProgressWatch:
    """The parts of one consumer (partitions, or all as one), each with how long its backlog has not changed.

    Only the time between two observations counts, 30 seconds at most: a suspended process was not stalled.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._watched: dict[str, _Watched] = {}
        self._observed_s: float | None = None

    def observe(self, now_s: float, backlogs: Mapping[str, Backlog] | None) -> None:
        """Records what waits now (seconds of a monotonic clock). None: unknown, because Kafka or Redis is unavailable."""
        elapsed = 0.0 if self._observed_s is None else min(now_s - self._observed_s, _MAX_STEP_S)
        self._observed_s = now_s if backlogs is not None else None
        self._watched = {
            name: self._next(self._watched.get(name), backlog, elapsed) for name, backlog in (backlogs or {}).items()
        }

    @property
    def stalled_s(self) -> float:
        """Seconds for which the part that has been stalled longest has not moved."""
        return max((one.stalled_s for one in self._watched.values()), default=0.0)

    def not_ready_reason(self) -> str | None:
        """Returns why the consumer is not ready: it has been stalled for half of the limit."""
        return self._reason() if self.stalled_s >= self._limit_s / 2 else None

    def restart_reason(self) -> str | None:
        """Returns why the process has to restart: the limit is reached."""
        return self._reason() if self.stalled_s >= self._limit_s else None

    def _reason(self) -> str:
        worst = max(self._watched.values(), key=lambda one: one.stalled_s)
        return f"{worst.records} records wait, and none was processed for {self.stalled_s:.0f} s"

    def _next(self, before: _Watched | None, backlog: Backlog, elapsed: float) -> _Watched:
        if before is None or backlog.records <= 0 or before.records <= 0 or before.marker != backlog.marker:
            return _Watched(backlog.marker, backlog.records)
        return _Watched(backlog.marker, backlog.records, before.stalled_s + elapsed)
