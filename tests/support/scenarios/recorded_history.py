"""The folds of conversion-tracker over one log in memory, and that log as the history that a replay reads."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from conversion_tracker.attribution.fold import AttributeFold
from conversion_tracker.screening.fold import ScreenFold
from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.attributions import ReferralAttributed, ReferralReversed
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.facts import BanDecision, Fact
from referral.events.keys import person_key
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold import fence as fences
from referral.log.log_reader import Offsets
from referral.log.memory_log import MemoryLog
from referral.log.source import Record
from referral.topics import ATTRIBUTIONS, CONVERSIONS, Topic
from tests.support.builders.conversion_tracker import TOKENS
from tests.support.builders.participants import day
from tests.support.folds import PARTITIONS, LogFold

LATENESS_DAYS = 35


class RecordedHistory:
    """Both folds over the lines that are appended; `records`, `ends` and `folded_up_to` are the interface that a replay reads."""

    def __init__(self, catalog: Catalog) -> None:
        self.clock = ManualClock(to_ms(day(30)))
        self.log = MemoryLog(self.clock)
        self.catalog = catalog
        self.folds = [
            LogFold(AttributeFold(TOKENS, LATENESS_DAYS), catalog, self.log),
            LogFold(ScreenFold(), catalog, self.log),
        ]

    def append(self, *lines: Fact | BanDecision | ClockTicked) -> None:
        """Appends lines, one record each; a tick goes to every partition."""
        for line in lines:
            self.clock.advance(7)
            if isinstance(line, ClockTicked):
                self.folds[0].append_tick(line)
            else:
                self.folds[0].append([(person_key(line.program, line.person), line)])

    def run_once(self, number: int) -> None:
        """Runs one turn of a fold: a batch of each partition."""
        self.folds[number].run_once()

    def crash(self) -> None:
        """Lets the attribute fold die after it has produced; the new worker produces the same lines again."""
        self.folds[0].worker._apply = _die  # type: ignore[method-assign] # the fault that is tested
        try:
            self.run_once(0)
            self.run_once(0)
        except _WorkerDied:
            pass
        for fold in self.folds:
            fold.start_worker()

    def drain(self) -> None:
        """Folds everything, attribution first."""
        for fold in self.folds:
            fold.drain()

    def counted_referrals(self) -> set[tuple[str, str]]:
        """Returns (person, referrer) of each conversion on the log that counts."""
        found: set[tuple[str, str]] = set()
        for raw in self.log.lines("conversions"):
            line = msgspec.json.decode(raw, type=CONVERSIONS.lines)
            if isinstance(line, ConversionCleared):
                found.add((line.person, line.referrer))
            elif isinstance(line, ConversionReversed):
                found.discard((line.person, line.referrer))
        return found

    def referrers(self) -> dict[str, str]:
        """Returns the referrer of each attributed follower on the log, by person."""
        found: set[tuple[str, str | None]] = set()
        for raw in self.log.lines("attributions"):
            line = msgspec.json.decode(raw, type=ATTRIBUTIONS.lines)
            if isinstance(line, ReferralReversed) and "attributed" in line.undoes:
                found.discard((line.person, line.referrer))
            elif isinstance(line, ReferralAttributed):
                found.add((line.person, line.referrer))
        return dict(found)  # type: ignore[arg-type] # an attributed person has a referrer

    def ends(self, topic: Topic) -> Offsets:
        """Returns the next offset of each partition."""
        return {number: len(self.log.records[topic.name, number]) for number in range(PARTITIONS)}

    def folded_up_to(self, fold: str) -> Offsets:
        """Returns the offset of the fence in each partition."""
        found = self.folds[("attribute", "screen").index(fold)].states.fence
        return {number: fences.decode(found.get(number, b"")).offset for number in range(PARTITIONS)}

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """Yields the records below `ends` two at a time, so that a partition comes in several parts."""
        for number, end in ends.items():
            yield {}
            records: Sequence[Record] = self.log.records[topic.name, number][:end]
            for first in range(0, end, 2):
                yield {number: list(records[first : first + 2])}


class _WorkerDied(Exception):
    pass


def _die(*_: object) -> dict[int, bool]:
    raise _WorkerDied
