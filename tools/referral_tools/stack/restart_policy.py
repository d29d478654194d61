"""When a process that has ended is started again: after a pause, and a limited number of times. Pure."""

from collections import Counter
from typing import Literal

Decision = Literal["wait", "start", "give up"]
_PAUSE_S = 5.0  # long enough for another node to take over, as where an orchestrator starts it again
_MOST_STARTS = 20  # of one process


class RestartPolicy:
    """The decisions for the processes of a system."""

    def __init__(self) -> None:
        self._ended_at: dict[str, float] = {}
        self._starts: Counter[str] = Counter()

    def decide(self, name: str, now: float) -> Decision:
        """What to do with a process that is not running at `now`, in seconds of any clock that does not jump."""
        if self._starts[name] == _MOST_STARTS:
            return "give up"
        if now - self._ended_at.setdefault(name, now) < _PAUSE_S:
            return "wait"
        del self._ended_at[name]
        self._starts[name] += 1
        return "start"
