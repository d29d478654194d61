"""A replay from beginning to end: both halves over the events, over the attributions, held against the log, and compared."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from conversion_tracker.replay.comparison import Comparison, compared
from conversion_tracker.replay.consistency import Agreement, agreement
from conversion_tracker.replay.log_history import Past
from conversion_tracker.replay.merge_order import Placed, Said, is_own, is_verdict, woven
from conversion_tracker.replay.program_lines import ProgramLines, once
from conversion_tracker.replay.scenario import Half
from referral.catalog.view import Catalog
from referral.events.attributions import AttributionLine, attribution_key
from referral.events.conversions import ConversionFact, ConversionLine
from referral.events.entities import ProgramVersion
from referral.events.facts import EventLine
from referral.events.line import ClockTicked, Derived
from referral.events.program import Program
from referral.fold.fence import Fence
from referral.log.log_reader import Offsets
from referral.log.source import Record
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, Topic, partition_of

Phase = Literal["starting", "attributing", "screening", "comparing"]


@dataclass(slots=True)
class Progress:
    """How far it is: records of the log read, of how many in this phase; the program's events that went through both halves."""

    phase: Phase = "starting"
    records: int = 0
    total: int = 0
    events: int = 0


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it, and whether the half under the recorded rules agrees with the log."""

    comparison: Comparison
    agreement: Agreement
    events: int


def substituted(rules: Program, versions: Sequence[ProgramVersion]) -> ProgramVersion:
    """The other rules as if they had been the program's from its beginning; `versions` are the recorded ones, the oldest first."""
    known = min(one.recorded_at for one in versions)
    return ProgramVersion(recorded_at=known, program=rules, version=1, effective_from=versions[0].effective_from)


class Replay:
    """Runs a program's past under its recorded rules and under others. Asks `past`, writes nothing, tells how far it is.

    `tell` may raise to end it. `events` are the ends of the events that are replayed; `catalog` was read after they were known.
    """

    def __init__(self, rules: Program, catalog: Catalog, tokens: TokenSigner, lateness_days: int, tell: Tell) -> None:
        other = catalog.with_rules(substituted(rules, catalog.versions(rules.id)))
        known = catalog.snapshot()
        self._before, self._after = (Half(rules.id, one, tokens, lateness_days) for one in (known, other))
        self._program = rules.id
        self._tell = tell
        self._progress = Progress()

    def run(self, past: Past, events: Offsets) -> Replayed:
        """The whole of it."""
        self._attribute(past, events)
        attributed, said_to = _within(past.said_to("attribute"), events), past.said_to("screen")
        ends = past.ends(ATTRIBUTIONS)  # after the fences: what they stand for is below these ends
        recorded = self._recorded(past, ends)
        self._screen(recorded, len(ends))
        screened = _within(said_to, ends)
        told = [*self._told(past, past.ends(CONVERSIONS)), *_of(recorded, is_own)]
        agreed = agreement(_of(recorded, is_verdict), [said.line for said in self._before.said], attributed)
        agreed += agreement(told, self._before.told, screened)
        return Replayed(compared(self._before.standings(), self._after.standings()), agreed, self._progress.events)

    def _attribute(self, past: Past, ends: Offsets) -> None:
        lines: ProgramLines[EventLine] = ProgramLines(EVENTS, self._program)
        for partition, records in self._read(past, EVENTS, ends, "attributing"):
            for position, line in lines.of(partition, records):
                self._before.event(line, position)
                self._after.event(line, position)
                self._progress.events += not isinstance(line, ClockTicked)

    def _recorded(self, past: Past, ends: Offsets) -> Mapping[int, list[Placed]]:
        """The program's attributions as they stand on the log, by partition, each once."""
        lines: ProgramLines[AttributionLine] = ProgramLines(ATTRIBUTIONS, self._program)
        found: dict[int, list[Placed]] = defaultdict(list)
        seen: dict[int, Fence] = defaultdict(Fence)
        for partition, records in self._read(past, ATTRIBUTIONS, ends, "screening"):
            found[partition] += once(lines.of(partition, records), seen[partition])
        return found

    def _screen(self, recorded: Mapping[int, list[Placed]], partitions: int) -> None:
        before, after = (_by_partition(half.said, partitions) for half in (self._before, self._after))
        for number in range(partitions):
            self._tell(self._progress)
            self._before.screen(woven(recorded.get(number, []), before[number], number, anew=False))
        parts = [woven(recorded.get(number, []), after[number], number, anew=True) for number in range(partitions)]
        self._tell(self._progress)
        self._after.screen_anew(parts)

    def _told(self, past: Past, ends: Offsets) -> list[ConversionFact]:
        lines: ProgramLines[ConversionLine] = ProgramLines(CONVERSIONS, self._program)
        seen: dict[int, Fence] = defaultdict(Fence)
        return [
            line
            for partition, records in self._read(past, CONVERSIONS, ends, "comparing")
            for _, line in once(lines.of(partition, records), seen[partition])
            if not isinstance(line, ClockTicked) and line.cause[0] == ATTRIBUTIONS.name
        ]

    def _read(self, past: Past, topic: Topic, ends: Offsets, phase: Phase) -> Iterator[tuple[int, Sequence[Record]]]:
        progress = self._progress
        progress.phase, progress.records, progress.total = phase, 0, sum(ends.values())
        self._tell(progress)
        for polled in past.records(topic, ends):
            for partition, records in polled.items():
                yield partition, records
                progress.records += len(records)
                self._tell(progress)
            self._tell(progress)


def _of(recorded: Mapping[int, list[Placed]], kind: Callable[[AttributionLine], bool]) -> list[Derived]:
    """The recorded lines of a kind that folds said."""
    return [line for lines in recorded.values() for _, line in lines if kind(line)]  # type: ignore[misc] # no ticks


def _within(said_to: Offsets, ends: Offsets) -> Offsets:
    """The last offsets that both sides have seen."""
    return {partition: min(said_to.get(partition, -1), end - 1) for partition, end in ends.items()}


def _by_partition(said: Sequence[Said], partitions: int) -> Mapping[int, list[Said]]:
    found: dict[int, list[Said]] = defaultdict(list)
    for one in said:
        found[partition_of(attribution_key(one.line), partitions)].append(one)  # type: ignore[arg-type] # what the fold says
    return found
