"""A month end in a process of its own, which may be killed at any time: `python -m … FOLDER REDIS BOARDS`.

The states are in a real Redis, the log in one file for each partition: a record is appended with one write, and what a kill cut off
is left out when the file is read. Each board is of a program of its own. Prints a line when all boards are closed.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import Struct as ByteLayout

import msgspec
from msgspec.structs import replace

from leaderboard.folds import closing_keys
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.conversions import conversion_key
from referral.events.entities import ProgramVersion
from referral.events.ids import derive_id
from referral.events.line import ClockTicked
from referral.fold.decider import Decider
from referral.fold.fold import Fold
from referral.fold.fold_metrics import FoldMetrics
from referral.fold.runner import FoldRunner
from referral.fold.state_keys import state_key
from referral.fold.state_store import RedisStateStore
from referral.log.memory_log import MemoryFoldProducer, MemoryLog, MemorySource
from referral.log.records import chunks, join
from referral.log.source import Record
from referral.redis_client import connect_for_folds
from referral.topics import CONVERSIONS, STANDINGS, partition_of
from tests.support.builders.leaderboard import GLOW, cleared_conversion
from tests.support.builders.participants import START
from tests.support.settings import SIGNING_KEY

PARTITIONS = 4
PEOPLE = 3  # on each board, with 1 to 3 referrals
AFTER = datetime(2026, 12, 1, 16, 1, tzinfo=UTC)
MAX_TICKS = 1_000
_HEADER = ByteLayout(">I")


class FileLog(MemoryLog):
    """A log whose records outlive the process."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        for topic in (CONVERSIONS.name, STANDINGS.name):
            for partition in range(PARTITIONS):
                self._read(topic, partition)

    def append(self, topic: str, partition: int, value: bytes) -> None:
        with self._path(topic, partition).open("ab") as file:
            file.write(_HEADER.pack(len(value)) + value)
        super().append(topic, partition, value)

    def _path(self, topic: str, partition: int) -> Path:
        return self._folder / f"{topic}-{partition}"

    def _read(self, topic: str, partition: int) -> None:
        path = self._path(topic, partition)
        raw, start = path.read_bytes() if path.exists() else b"", 0
        records = self.records[topic, partition]
        while start + _HEADER.size <= len(raw):
            end = start + _HEADER.size + _HEADER.unpack_from(raw, start)[0]
            if end > len(raw):
                break
            records.append(Record(len(records), self.clock.now_ms(), raw[start + _HEADER.size : end]))
            start = end
        if start < len(raw):
            path.write_bytes(raw[:start])


def catalog(boards: int) -> Catalog:
    """Returns programs with one board each."""
    declared = replace(GLOW, boards=(Board(metric="referrals", periods=("month",)),))
    return Catalog(
        [
            ProgramVersion(
                recorded_at=START, program=replace(declared, id=f"prg_m{number}"), version=1, effective_from=START
            )
            for number in range(boards)
        ]
    )


def write_november(log: MemoryLog, boards: int) -> None:
    """Appends the conversions of a month, after a first tick."""
    tick(log, START)
    queued: dict[int, list[bytes]] = {partition: [] for partition in range(PARTITIONS)}
    for number in range(boards):
        for person in range(PEOPLE):
            referrer = derive_id("psn", str(number), str(person))
            for referral in range(person + 1):
                line = cleared_conversion(
                    referrer, f"f{number}-{person}-{referral}", START + timedelta(minutes=number % 999)
                )
                own = replace(line, program=f"prg_m{number}")
                queued[partition_of(conversion_key(own), PARTITIONS)].append(msgspec.json.encode(own))
    for partition, lines in queued.items():
        for chunk in chunks(lines):
            log.append(CONVERSIONS.name, partition, join(chunk))


def tick(log: MemoryLog, at: datetime) -> None:
    """Appends a tick to each partition."""
    line = msgspec.json.encode(ClockTicked(occurred_at=at, id=derive_id("tick", at.isoformat())))
    for partition in range(PARTITIONS):
        log.append(CONVERSIONS.name, partition, line)


def worker(fold: Fold, log: MemoryLog, programs: Catalog, redis: str) -> FoldRunner:  # type: ignore[type-arg]
    """Returns a runner with its states in Redis."""
    settings = Settings(signing_key=SIGNING_KEY, redis=redis)
    source = MemorySource(log, fold.source.name, PARTITIONS)
    decider = Decider(fold, programs, lambda topic: topic.partitions or PARTITIONS)
    states = RedisStateStore(connect_for_folds(settings), fold.service, fold.name)
    return FoldRunner(fold, source, states, MemoryFoldProducer(log), decider, FoldMetrics(fold.name))


def drain(runner: FoldRunner) -> None:  # type: ignore[type-arg]
    """Folds everything on the topic."""
    while runner.run_once(0) or any(one.waiting for one in runner.owned.values()):
        pass


def closed_boards(log: MemoryLog) -> dict[str, bytes]:
    """Returns the closings by program, without their positions on a log that may have repeated lines."""
    lines = [msgspec.json.decode(line) for line in log.lines(STANDINGS.name) if b'"type":"board.closed"' in line]
    return {
        line["program"]: msgspec.json.encode(line | {"cause": None, "occurred_at": None, "parts": None})
        for line in lines
    }


def waiting_boards(redis: str) -> int:
    """Returns how many boards wait for their parts, or for their turn in a partition."""
    client = connect_for_folds(Settings(signing_key=SIGNING_KEY, redis=redis))
    names = (("boards", "closing-boards"), ("closings", closing_keys.waiting_boards("boards")))
    keys = [state_key("lb", fold, partition, name) for fold, name in names for partition in range(PARTITIONS)]
    return sum(client.zcard(key) for key in keys)


def main(folder: str, redis: str, boards: int) -> None:
    """Runs until all boards are closed."""
    log, programs = FileLog(Path(folder)), catalog(boards)
    if not log.records[CONVERSIONS.name, 0]:
        write_november(log, boards)
    runners = [worker(BoardsFold(PARTITIONS), log, programs, redis), worker(ClosingsFold(), log, programs, redis)]
    drain(runners[0])
    began, cpu = time.monotonic(), time.process_time()
    print("closing", flush=True)
    for minute in range(MAX_TICKS):
        tick(log, AFTER + timedelta(minutes=len(log.records[CONVERSIONS.name, 0])))
        for runner in runners:
            drain(runner)
        if minute and not waiting_boards(redis):
            seconds, used = time.monotonic() - began, time.process_time() - cpu
            print(f"{boards} boards: {seconds:.1f} s, {used:.1f} s of CPU, {minute + 1} ticks")
            return
    sys.exit("not all boards were closed")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
