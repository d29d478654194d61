"""A replay from start to end: both scenarios over the events and the attributions, checked against the log, and compared."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conversion_tracker.attribution.fold import changes_person
from conversion_tracker.replay.comparison import Comparison, compare
from conversion_tracker.replay.consistency import ConsistencyReport, check_consistency
from conversion_tracker.replay.log_history import LogHistory
from conversion_tracker.replay.merge_order import (
    PositionedLine,
    ReplayedLine,
    is_attributed,
    is_screening_message,
    merge,
)
from conversion_tracker.replay.program_lines import ProgramLines, without_repeats
from conversion_tracker.replay.scenario import ScenarioRun
from referral.catalog.view import Catalog
from referral.events.attributions import AttributionLine
from referral.events.conversions import ConversionFact, ConversionLine
from referral.events.entities import ProgramVersion
from referral.events.facts import EventLine
from referral.events.line import ClockTicked, Derived
from referral.events.program import Program
from referral.fold.fence import Fence
from referral.fold.fold import Position
from referral.log.log_reader import Offsets
from referral.log.source import Record
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, Topic

Phase = Literal["starting", "attributing", "screening", "comparing"]


@dataclass(slots=True)
class Progress:
    """How far a replay is: records of the log read, of how many in this phase; the program's events run in both scenarios."""

    phase: Phase = "starting"
    records: int = 0
    total: int = 0
    events: int = 0


ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """The comparison of both scenarios, and whether the one under the recorded rules is consistent with the log."""

    comparison: Comparison
    consistency: ConsistencyReport
    events: int


def substitute_version(rules: Program, versions: Sequence[ProgramVersion]) -> ProgramVersion:
    """Returns the other rules as the only version of the program, in force from its beginning.

    `versions` are the recorded ones, the oldest first.
    """
    known = min(version.recorded_at for version in versions)
    return ProgramVersion(recorded_at=known, program=rules, version=1, effective_from=versions[0].effective_from)


class Replay:
    """Runs the past of a program under its recorded rules and under others. Reads a `LogHistory` and writes nothing.

    `report` is called with the progress and may raise to end the replay. `catalog` must be read after the ends of the events.
    What happened from `since` on is compared; what happened before decides it as well. None: everything.
    """

    def __init__(
        self,
        rules: Program,
        catalog: Catalog,
        tokens: TokenSigner,
        lateness_days: int,
        report: ReportProgress,
        since: datetime | None = None,
    ) -> None:
        self._program = rules.id
        self._recorded = catalog.snapshot()
        self._other = catalog.with_rules(substitute_version(rules, catalog.versions(rules.id)))
        self._tokens = tokens
        self._lateness_days = lateness_days
        self._report = report
        self._since = since
        self._progress = Progress()

    def run(self, past: LogHistory, events: Offsets) -> ReplayOutcome:
        """Replays the events below these ends. Raises LogUnavailable, and what `report` raises."""
        before, after = (self._scenario(catalog, len(events)) for catalog in (self._recorded, self._other))
        self._attribute(past, events, before, after)
        attributed, folded = _common_offsets(past.folded_up_to("attribute"), events), past.folded_up_to("screen")
        ends = past.ends(ATTRIBUTIONS)  # read after the fences, so that the ends are not below them
        recorded = self._recorded_attributions(past, ends)
        self._screen(recorded, before, after)
        screened = _common_offsets(folded, ends)
        conversions = self._recorded_conversions(past, past.ends(CONVERSIONS))
        consistency = check_consistency(
            _derived(recorded, is_attributed), [one.line for one in before.attributed], attributed
        ) + check_consistency([*conversions, *_derived(recorded, is_screening_message)], before.screened, screened)
        return ReplayOutcome(compare(before.result(), after.result()), consistency, self._progress.events)

    def _scenario(self, catalog: Catalog, partitions: int) -> ScenarioRun:
        return ScenarioRun(self._program, catalog, self._tokens, self._lateness_days, partitions, self._since)

    def _attribute(self, past: LogHistory, ends: Offsets, *scenarios: ScenarioRun) -> None:
        lines: ProgramLines[EventLine] = ProgramLines(EVENTS, self._program)
        for partition, records in self._read(past, EVENTS, ends, "attributing"):
            relevant: list[tuple[Position, EventLine]] = []
            for position, line in lines.read(partition, records):
                tick = isinstance(line, ClockTicked)
                self._progress.events += not tick
                if tick or changes_person(line):
                    relevant.append((position, line))
            for scenario in scenarios:
                scenario.add_events(partition, relevant)

    def _recorded_attributions(self, past: LogHistory, ends: Offsets) -> Mapping[int, list[PositionedLine]]:
        """Returns the program's attributions as recorded, by partition, without those repeated after a crash."""
        lines: ProgramLines[AttributionLine] = ProgramLines(ATTRIBUTIONS, self._program)
        found: dict[int, list[PositionedLine]] = {partition: [] for partition in ends}
        fences: dict[int, Fence] = defaultdict(Fence)
        for partition, records in self._read(past, ATTRIBUTIONS, ends, "screening"):
            found[partition] += without_repeats(lines.read(partition, records), fences[partition])
        return found

    def _screen(self, recorded: Mapping[int, list[PositionedLine]], before: ScenarioRun, after: ScenarioRun) -> None:
        attributed_before, attributed_after = (_by_partition(scenario.attributed) for scenario in (before, after))
        for partition, lines in recorded.items():
            self._report(self._progress)
            before.screen(partition, merge(lines, attributed_before[partition], partition, rescreen=False))
        self._report(self._progress)
        after.rescreen(
            [
                merge(lines, attributed_after[partition], partition, rescreen=True)
                for partition, lines in sorted(recorded.items())
            ]
        )

    def _recorded_conversions(self, past: LogHistory, ends: Offsets) -> list[ConversionFact]:
        lines: ProgramLines[ConversionLine] = ProgramLines(CONVERSIONS, self._program)
        fences: dict[int, Fence] = defaultdict(Fence)
        return [
            line
            for partition, records in self._read(past, CONVERSIONS, ends, "comparing")
            for _, line in without_repeats(lines.read(partition, records), fences[partition])
            if isinstance(line, ConversionFact) and line.cause[0] == ATTRIBUTIONS.name
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


def _derived(
    recorded: Mapping[int, list[PositionedLine]], predicate: Callable[[AttributionLine], bool]
) -> list[Derived]:
    """Returns the recorded lines for which `predicate` is true; it must be false for ticks."""
    return [line for lines in recorded.values() for _, line in lines if predicate(line)]  # type: ignore[misc] # no ticks


def _common_offsets(folded: Offsets, ends: Offsets) -> Offsets:
    """Returns, for each partition, the last offset that both the live fold and the replay have folded."""
    return {partition: min(folded.get(partition, -1), end - 1) for partition, end in ends.items()}


def _by_partition(lines: Sequence[ReplayedLine]) -> Mapping[int, list[ReplayedLine]]:
    found: dict[int, list[ReplayedLine]] = defaultdict(list)
    for one in lines:
        found[one.partition].append(one)
    return found
