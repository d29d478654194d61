"""What starts and stops as a whole: several processes that are of use only together."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Self


class Startable(ABC):
    """Its processes run, or none of them. A context manager: running when entered, stopped when left."""

    def start(self) -> Self:
        """Starts it, and returns when it can be used. Stops what has been started, and raises the reason, if that fails."""
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            undo.pop_all()
        return self

    @abstractmethod
    def _start(self) -> None:
        """Starts it, and returns when it can be used. Raises ProcessUnhealthy with the end of the log that shows why."""

    @abstractmethod
    def stop(self) -> None:
        """Stops it, whatever part of it is running."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
