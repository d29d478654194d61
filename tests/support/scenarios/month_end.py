"""Boards that close: conversions, their boards, closings and prizes, each a fold with a worker of its own on one log in memory."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from referral.catalog.view import Catalog
from referral.events.conversions import ConversionCleared, ConversionReversed, conversion_key
from referral.events.entities import ProgramVersion
from referral.events.ids import derive_id
from referral.events.line import ClockTicked
from referral.events.rewards import RewardGranted, RewardRevoked
from referral.events.standings import StandingLine
from reward_dispatcher.folds.prizes_fold import PrizesFold
from tests.support.folds import PARTITIONS, LogFold

Found = TypeVar("Found")


class MonthEnd:
    """The folds from conversions to the rewards of prizes. `tick` reaches `standings` through the boards fold, as in the system."""

    def __init__(self, version: ProgramVersion) -> None:
        catalog = Catalog([version])
        self.boards = LogFold(BoardsFold(PARTITIONS), catalog)
        self.closings = LogFold(ClosingsFold(), catalog, self.boards.log)
        self.prizes = LogFold(PrizesFold(""), catalog, self.boards.log)

    def append(self, lines: Iterable[ConversionCleared | ConversionReversed]) -> None:
        """Appends conversions to their partitions."""
        self.boards.append((conversion_key(line), line) for line in lines)

    def tick(self, at: datetime, partitions: Iterable[int] = range(PARTITIONS)) -> None:
        """Appends a tick to partitions of `conversions`."""
        for partition in partitions:
            self.boards.append_to(partition, ClockTicked(occurred_at=at, id=derive_id("tick", at.isoformat())))

    def drain(self) -> None:
        """Folds everything on the log."""
        for fold in (self.boards, self.closings, self.prizes):
            fold.drain()

    def at(self, *moments: datetime) -> None:
        """Folds everything, and what ticks at these times lead to."""
        for moment in moments:
            self.tick(moment)
            self.drain()

    def standings(self, kind: type[Found]) -> list[Found]:
        """Returns the lines of a type on `standings`, without what a reader skips: repeated causes."""
        decoded = [msgspec.json.decode(raw, type=StandingLine) for raw in self.boards.log.lines("standings")]
        return [line for line in _once(decoded) if isinstance(line, kind)]

    def rewards(self) -> list[RewardGranted | RewardRevoked]:
        """Returns the grants and revocations of prizes."""
        lines = [
            msgspec.json.decode(raw, type=RewardGranted | RewardRevoked | ClockTicked)
            for raw in self.boards.log.lines("rewards")
        ]
        return [line for line in _once(lines) if not isinstance(line, ClockTicked)]

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The dead letters on the log."""
        return self.boards.rejected


def _once(lines: Iterable[Any]) -> list[Any]:
    """Lines by their cause, each once."""
    found: dict[Any, Any] = {}
    for line in lines:
        found.setdefault(line.cause, line)
    return list(found.values())
