"""One half of a replay: the attribute and the screen fold under one set of rules, over one program's recorded lines."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import TypeAlias

from conversion_tracker.attribution.fold import AttributeFold, parse_person_key
from conversion_tracker.attribution.person import Person
from conversion_tracker.replay.comparison import ScenarioResult
from conversion_tracker.replay.fold_run import FoldRun
from conversion_tracker.replay.merge_order import PositionedLine, ReplayedLine
from conversion_tracker.screening.conversion import Conversion
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import ScreenState
from referral.catalog.view import Catalog
from referral.events.attributions import AttributionLine
from referral.events.conversions import ConversionFact
from referral.events.edges import EdgeFact
from referral.events.facts import EventLine
from referral.events.line import Derived
from referral.events.timestamps import to_ms
from referral.fold.fold import Output, Position
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS, partition_of

Attributes: TypeAlias = FoldRun[EventLine, Person]
Screens: TypeAlias = FoldRun[AttributionLine, ScreenState]


class ScenarioRun:
    """Under the rules of a catalog. First every event, then the attributions: `screen` or `screen_anew`.

    `said` is what the attribute fold says, in the order of each partition; `told` what the screen fold does, to itself too.
    """

    def __init__(self, program: str, catalog: Catalog, tokens: TokenSigner, lateness_days: int) -> None:
        self.attributed: list[ReplayedLine] = []
        self.screened: list[Derived] = []
        self._program = program
        self._catalog = catalog
        self._attribute = AttributeFold(tokens, lateness_days)
        self._screen = ScreenFold()
        self._attributes: dict[int, Attributes] = {}
        self._screens: dict[int, Screens] = {}
        self._result = ScenarioResult()
        self._latest: dict[int, int] = {}

    def add_event(self, line: EventLine, position: Position) -> None:
        """Takes in a line of the events."""
        run = self._attributes.get(position.partition)
        if run is None:
            run = self._attributes[position.partition] = FoldRun(self._attribute, self._catalog)
        news = run.take(line, position)
        if news:
            at = max(position.recorded_at_ms, self._latest.get(position.partition, 0))
            self._latest[position.partition] = at
            self.attributed += [ReplayedLine(at, one.line) for one in news]  # type: ignore[arg-type] # what folds say is derived

    def screen(self, lines: Iterable[PositionedLine]) -> None:
        """Takes in all lines of one partition of attributions; what screening once said to itself is among them."""
        for position, line in lines:
            self._screen_line(position, line)

    def rescreen(self, parts: Sequence[Iterable[PositionedLine]]) -> None:
        """Takes in all partitions of attributions side by side, by when their lines were said.

        What screening says to itself is taken in at once, as if it had no way to go: the order in which such lines arrive
        changes nothing of what they come to (docs/decisions/0020).
        """
        for position, line in merge(*parts, key=lambda placed: placed[0].recorded_at_ms):
            waiting = deque([(position, line)])
            while waiting:
                place, one = waiting.popleft()
                waiting += _messages_to_itself(self._screen_line(place, one), place, len(parts))

    def _screen_line(self, position: Position, line: AttributionLine) -> list[Output]:
        run = self._screens.get(position.partition)
        if run is None:
            run = self._screens[position.partition] = FoldRun(self._screen, self._catalog)
        news = run.take(line, position)
        for one in news:
            self._add_output(one.line)  # type: ignore[arg-type] # what the screen fold says
        return news

    def result(self) -> ScenarioResult:
        """What it comes to."""
        conversions = [
            one for run in self._screens.values() for one in run.states.values() if isinstance(one, Conversion)
        ]
        self._result.held = sum(one.outcome == "held" for one in conversions)
        for run in self._attributes.values():
            for key, state in run.states.items():
                if isinstance(state, Person) and state.published is not None and isinstance(key, str):
                    self._result.referrers[parse_person_key(key)[1]] = state.published.referrer
        return self._result

    def _add_output(self, line: ConversionFact | EdgeFact) -> None:
        self.screened.append(line)
        if isinstance(line, ConversionFact):
            self._result.add_line(line, self._catalog.program_at(self._program, to_ms(line.occurred_at)))


def _messages_to_itself(news: Sequence[Output], position: Position, partitions: int) -> Iterator[PositionedLine]:
    for one in news:
        if one.topic is ATTRIBUTIONS:
            place = position._replace(partition=partition_of(one.key or "", partitions))
            yield place, one.line  # type: ignore[misc] # an attribution line
