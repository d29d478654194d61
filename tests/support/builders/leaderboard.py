"""Lines folded through the real runner on the log and states in memory, and the program they belong to."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.attributions import Evidence, ReferrerKind
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.entities import Participant, ProgramVersion
from referral.events.ids import participant_id
from referral.events.program import Board, Program
from referral.events.timestamps import to_ms
from referral.fold.memory_state_store import MemoryStateStore
from referral.log.memory_log import MemoryLog
from referral.topics import partition_of
from tests.support.folds import drain, memory_worker

PROGRAM = "prg_glow"
ZONE = "Asia/Shanghai"
PARTITIONS = 3
START = datetime(2026, 11, 1, tzinfo=UTC)

GLOW = Program(
    id=PROGRAM,
    name={"zh-CN": "焕肤计划", "en": "Glow Together"},
    timezone=ZONE,
    target_url="https://example.com/follow",
    channels=("xiaohongshu", "wechat"),
    boards=(Board(metric="referrals", prizes={"month": {"1": "grand", "2-10": "gift"}}),),
)
VERSION = ProgramVersion(recorded_at=START, program=GLOW, version=1, effective_from=START)


def somebody(name: str, shown: str | None = None) -> Participant:
    """A participant, as enrolled."""
    external = f"xhs:{name}"
    return Participant(
        recorded_at=START,
        id=participant_id(PROGRAM, external),
        program=PROGRAM,
        external_id=external,
        display_name=shown or name.title(),
        code=name.upper(),
    )


def cleared(referrer: str, person: str, at: datetime, kind: ReferrerKind = "follower") -> ConversionCleared:
    """A referral that counts since `at`."""
    evidence = Evidence(kind="code", touched_at=at, event=f"evt_{person}")
    return ConversionCleared(
        occurred_at=at,
        program=PROGRAM,
        id=f"cnv_{person}",
        referral=f"ref_{person}",
        person=person,
        referrer=referrer,
        version=1,
        evidence=evidence,
        referrer_kind=kind,
    )


def taken_back(one: ConversionCleared, at: datetime | None = None) -> ConversionReversed:
    """The same referral, reversed."""
    return ConversionReversed(
        occurred_at=at or one.occurred_at + timedelta(hours=1),
        program=PROGRAM,
        id=one.id,
        referral=one.referral,
        person=one.person,
        referrer=one.referrer,
        version=1,
        cleared_at=one.occurred_at,
        reason="unfollowed",
        referrer_kind=one.referrer_kind,
    )


class Folding:
    """A fold on its topic in memory."""

    def __init__(self, fold: Any) -> None:
        self.clock = ManualClock(to_ms(START))
        self.log = MemoryLog(self.clock)
        self.states = MemoryStateStore()
        self._fold = fold
        self._runner = memory_worker(fold, self.log, self.states, Catalog([VERSION]), PARTITIONS)

    def say(self, lines: Iterable[tuple[str, Any]]) -> None:
        """Appends (key, line) pairs, a record each."""
        for key, line in lines:
            self.log.append(self._fold.source.name, partition_of(key, PARTITIONS), msgspec.json.encode(line))

    def fold(self) -> None:
        """Folds everything there is."""
        drain(self._runner)

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The dead letters."""
        return [msgspec.json.decode(raw) for raw in self.log.lines("rejected")]

    def scores(self, board: str) -> list[tuple[float, str]]:
        """(score, member) of a board over all partitions, in order."""
        found = [places.items() for places in self.states.scores.values()]
        return sorted((score, member) for items in found for (name, member), score in items if name == board)

    def values(self, key: str) -> list[bytes]:
        """A state as it lies in each partition."""
        return [values[key] for values in self.states.values.values() if key in values]
