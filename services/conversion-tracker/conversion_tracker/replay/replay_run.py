"""A replay from beginning to end: both halves over the events, over the attributions, held against the log, and compared."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from conversion_tracker.replay.comparison import Comparison, compare
from conversion_tracker.replay.consistency import ConsistencyReport, check_consistency
from conversion_tracker.replay.log_history import LogHistory
from conversion_tracker.replay.merge_order import PositionedLine, ReplayedLine, is_screening_message, is_verdict, merge
from conversion_tracker.replay.program_lines import ProgramLines, without_repeats
from conversion_tracker.replay.scenario import ScenarioRun
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


ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What came of it, and whether the half under the recorded rules agrees with the log."""

    comparison: Comparison
    agreement: ConsistencyReport
    events: int


def substitute_version(rules: Program, versions: Sequence[ProgramVersion]) -> ProgramVersion:
    """The other rules as if they had been the program's from its beginning; `versions` are the recorded ones, the oldest first."""
    known = min(one.recorded_at for one in versions)
    return ProgramVersion(recorded_at=known, program=rules, version=1, effective_from=versions[0].effective_from)


class Replay:
    """Runs a program's past under its recorded rules and under others. Asks `past`, writes nothing, tells how far it is.

    `tell` may raise to end it. `events` are the ends of the events that are replayed; `catalog` was read after they were known.
    """

    def __init__(
        self, rules: Program, catalog: Catalog, tokens: TokenSigner, lateness_days: int, tell: ReportProgress
    ) -> None:
        other = catalog.with_rules(substitute_version(rules, catalog.versions(rules.id)))
        known = catalog.snapshot()
        self._before, self._after = (ScenarioRun(rules.id, one, tokens, lateness_days) for one in (known, other))
        self._program = rules.id
        self._report = tell
        self._progress = Progress()

    def run(self, past: LogHistory, events: Offsets) -> ReplayOutcome:
        """The whole of it."""
        self._attribute(past, events)
        attributed, said_to = _common_offsets(past.folded_up_to("attribute"), events), past.folded_up_to("screen")
        ends = past.ends(ATTRIBUTIONS)  # after the fences: what they stand for is below these ends
        recorded = self._recorded_attributions(past, ends)
        self._screen(recorded, len(ends))
        screened = _common_offsets(said_to, ends)
        told = [
            *self._recorded_conversions(past, past.ends(CONVERSIONS)),
            *_recorded_of_kind(recorded, is_screening_message),
        ]
        agreed = check_consistency(
            _recorded_of_kind(recorded, is_verdict), [said.line for said in self._before.attributed], attributed
        )
        agreed += check_consistency(told, self._before.screened, screened)
        return ReplayOutcome(compare(self._before.result(), self._after.result()), agreed, self._progress.events)

    def _attribute(self, past: LogHistory, ends: Offsets) -> None:
        lines: ProgramLines[EventLine] = ProgramLines(EVENTS, self._program)
        for partition, records in self._read(past, EVENTS, ends, "attributing"):
            for position, line in lines.read(partition, records):
                self._before.add_event(line, position)
                self._after.add_event(line, position)
                self._progress.events += not isinstance(line, ClockTicked)

    def _recorded_attributions(self, past: LogHistory, ends: Offsets) -> Mapping[int, list[PositionedLine]]:
        """The program's attributions as they stand on the log, by partition, each once."""
        lines: ProgramLines[AttributionLine] = ProgramLines(ATTRIBUTIONS, self._program)
        found: dict[int, list[PositionedLine]] = defaultdict(list)
        seen: dict[int, Fence] = defaultdict(Fence)
        for partition, records in self._read(past, ATTRIBUTIONS, ends, "screening"):
            found[partition] += without_repeats(lines.read(partition, records), seen[partition])
        return found

    def _screen(self, recorded: Mapping[int, list[PositionedLine]], partitions: int) -> None:
        before, after = (_by_partition(half.attributed, partitions) for half in (self._before, self._after))
        for number in range(partitions):
            self._report(self._progress)
            self._before.screen(merge(recorded.get(number, []), before[number], number, rescreen=False))
        parts = [merge(recorded.get(number, []), after[number], number, rescreen=True) for number in range(partitions)]
        self._report(self._progress)
        self._after.rescreen(parts)

    def _recorded_conversions(self, past: LogHistory, ends: Offsets) -> list[ConversionFact]:
        lines: ProgramLines[ConversionLine] = ProgramLines(CONVERSIONS, self._program)
        seen: dict[int, Fence] = defaultdict(Fence)
        return [
            line
            for partition, records in self._read(past, CONVERSIONS, ends, "comparing")
            for _, line in without_repeats(lines.read(partition, records), seen[partition])
            if not isinstance(line, ClockTicked) and line.cause[0] == ATTRIBUTIONS.name
        ]

    def _read(
        self, past: LogHistory, topic: Topic, ends: Offsets, phase: Phase
    ) -> Iterator[tuple[int, Sequence[Record]]]:
        progress = self._progress
        progress.phase, progress.records, progress.total = phase, 0, sum(ends.values())
        self._report(progress)
        for polled in past.records(topic, ends):
            for partition, records in polled.items():
                yield partition, records
                progress.records += len(records)
                self._report(progress)
            self._report(progress)


def _recorded_of_kind(
    recorded: Mapping[int, list[PositionedLine]], kind: Callable[[AttributionLine], bool]
) -> list[Derived]:
    """The recorded lines of a kind that folds said."""
    return [line for lines in recorded.values() for _, line in lines if kind(line)]  # type: ignore[misc] # no ticks


def _common_offsets(said_to: Offsets, ends: Offsets) -> Offsets:
    """The last offsets that both sides have seen."""
    return {partition: min(said_to.get(partition, -1), end - 1) for partition, end in ends.items()}


def _by_partition(said: Sequence[ReplayedLine], partitions: int) -> Mapping[int, list[ReplayedLine]]:
    found: dict[int, list[ReplayedLine]] = defaultdict(list)
    for one in said:
        found[partition_of(attribution_key(one.line), partitions)].append(one)  # type: ignore[arg-type] # what the fold says
    return found
