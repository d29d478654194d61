"""The live folds on a log in memory, and that log as a replay's past."""

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
from referral.fold.fold import Fold
from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.runner import FoldRunner
from referral.log.log_reader import Offsets
from referral.log.memory_log import MemoryLog
from referral.log.source import Record
from referral.topics import ATTRIBUTIONS, CONVERSIONS, Topic, partition_of
from tests.support.builders.conversion_tracker import TOKENS, at
from tests.support.folds import drain, memory_worker

PARTITIONS = 3
LATENESS_DAYS = 35


class Live:
    """Both folds of the service over what is put on the log. Also what a replay asks of a past."""

    def __init__(self, catalog: Catalog) -> None:
        self.clock = ManualClock(to_ms(at(30)))
        self.log = MemoryLog(self.clock)
        self.catalog = catalog
        self.states = {"attribute": MemoryStateStore(), "screen": MemoryStateStore()}
        self._markers: dict[str, dict[int, int]] = {"attribute": {}, "screen": {}}
        self.start()

    def start(self) -> None:
        """New workers; what the old ones held in memory is gone."""
        self.workers = [self._worker(AttributeFold(TOKENS, LATENESS_DAYS)), self._worker(ScreenFold())]

    def say(self, *lines: Fact | BanDecision | ClockTicked) -> None:
        """Puts lines on the log, a record each; a tick goes to every partition."""
        for line in lines:
            self.clock.advance(7)
            everywhere = isinstance(line, ClockTicked)
            mine = partition_of("" if everywhere else person_key(line.program, line.person), PARTITIONS)  # type: ignore[union-attr]
            for partition in range(PARTITIONS) if everywhere else (mine,):
                self.log.append("events", partition, msgspec.json.encode(line))

    def turn(self, worker: int) -> None:
        """One of the folds goes on by a batch of each partition."""
        self.workers[worker].run_once(0)

    def crash(self) -> None:
        """The attribute fold dies once it has spoken; its successor says it all again."""
        self.workers[0]._apply = _die  # type: ignore[method-assign] # the fault that is to be survived
        try:
            self.turn(0)
            self.turn(0)
        except _Died:
            pass
        self.start()

    def drain(self) -> None:
        """Until both folds have folded all there is."""
        for worker in self.workers:
            drain(worker)

    def standing(self) -> set[tuple[str, str]]:
        """Who was brought by whom, as the conversions on the log say that count."""
        found: set[tuple[str, str]] = set()
        for raw in self.log.lines("conversions"):
            line = msgspec.json.decode(raw, type=CONVERSIONS.lines)
            if isinstance(line, ConversionCleared):
                found.add((line.person, line.referrer))
            elif isinstance(line, ConversionReversed):
                found.discard((line.person, line.referrer))
        return found

    def brought(self) -> dict[str, str]:
        """Who brought each follower, as the attributions on the log say, by person."""
        found: set[tuple[str, str | None]] = set()
        for raw in self.log.lines("attributions"):
            line = msgspec.json.decode(raw, type=ATTRIBUTIONS.lines)
            if isinstance(line, ReferralReversed) and "attributed" in line.undoes:
                found.discard((line.person, line.referrer))
            elif isinstance(line, ReferralAttributed):
                found.add((line.person, line.referrer))
        return dict(found)  # type: ignore[arg-type] # who was brought has a referrer

    def ends(self, topic: Topic) -> Offsets:
        """The next offsets."""
        return {number: len(self.log.records[topic.name, number]) for number in range(PARTITIONS)}

    def folded_up_to(self, fold: str) -> Offsets:
        """The fences."""
        kept = self.states[fold].fence
        return {number: fences.decode(kept.get(number, b"")).offset for number in range(PARTITIONS)}

    def records(self, topic: Topic, ends: Offsets) -> Iterator[Mapping[int, list[Record]]]:
        """By twos, so that a partition comes in several parts."""
        for number, end in ends.items():
            yield {}
            records: Sequence[Record] = self.log.records[topic.name, number][:end]
            for first in range(0, end, 2):
                yield {number: list(records[first : first + 2])}

    def _worker(self, fold: Fold) -> FoldRunner:  # type: ignore[type-arg] # either
        states, markers = self.states[fold.name], self._markers[fold.name]
        return memory_worker(fold, self.log, states, self.catalog, PARTITIONS, markers)


class _Died(Exception):
    pass


def _die(*_: object) -> dict[int, bool]:
    raise _Died
