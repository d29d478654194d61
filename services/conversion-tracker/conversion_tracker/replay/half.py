"""One half of a replay: the attribute and the screen fold under one set of rules, over one program's recorded lines."""

from collections.abc import Iterable
from typing import TypeAlias

from conversion_tracker.domain.comparison import Standings
from conversion_tracker.domain.conversion import Conversion
from conversion_tracker.domain.person import Person
from conversion_tracker.folds.attribute import AttributeFold, program_and_person
from conversion_tracker.folds.screen import ScreenFold
from conversion_tracker.folds.screening.handler import State
from conversion_tracker.replay.fold_run import FoldRun
from conversion_tracker.replay.weaving import Said
from referral.catalog.view import Catalog
from referral.events.attributions import AttributionLine
from referral.events.conversions import ConversionFact
from referral.events.facts import EventLine
from referral.events.line import ClockTicked
from referral.events.moment import to_ms
from referral.fold.fold import Position
from referral.tokens import TokenSigner

Attributes: TypeAlias = FoldRun[EventLine, Person]
Screens: TypeAlias = FoldRun[AttributionLine, State]


class Half:
    """Under the rules of a catalog. First every event, then every partition of attributions once.

    `said` is what the attribute fold says, in the order of each partition; `told` what the screen fold does.
    """

    def __init__(self, program: str, catalog: Catalog, tokens: TokenSigner, lateness_days: int) -> None:
        self.said: list[Said] = []
        self.told: list[ConversionFact] = []
        self._program = program
        self._catalog = catalog
        self._attribute = AttributeFold(tokens, lateness_days)
        self._screen = ScreenFold()
        self._attributes: dict[int, Attributes] = {}
        self._standings = Standings()
        self._latest: dict[int, int] = {}

    def event(self, line: EventLine, position: Position) -> None:
        """Takes in a line of the events."""
        run = self._attributes.get(position.partition)
        if run is None:
            run = self._attributes[position.partition] = FoldRun(self._attribute, self._catalog)
        news = run.tick(line, position) if isinstance(line, ClockTicked) else run.take(line, position)
        if news:
            at = max(position.recorded_at_ms, self._latest.get(position.partition, 0))
            self._latest[position.partition] = at
            self.said += [Said(at, one) for one in news]

    def screen(self, lines: Iterable[tuple[Position, AttributionLine]]) -> None:
        """Takes in all lines of one partition of attributions."""
        run: Screens = FoldRun(self._screen, self._catalog)
        for position, line in lines:
            news = run.tick(line, position) if isinstance(line, ClockTicked) else run.take(line, position)
            for one in news:
                self._tell(one)  # type: ignore[arg-type] # what the screen fold says
        conversions = [state for state in run.states.values() if isinstance(state, Conversion)]
        self._standings.held += sum(one.outcome == "held" for one in conversions)

    def standings(self) -> Standings:
        """What it comes to."""
        for run in self._attributes.values():
            for key, state in run.states.items():
                if isinstance(state, Person) and state.said is not None and isinstance(key, str):
                    self._standings.brought[program_and_person(key)[1]] = state.said.referrer
        return self._standings

    def _tell(self, line: ConversionFact) -> None:
        self.told.append(line)
        self._standings.told(line, self._catalog.program_at(self._program, to_ms(line.occurred_at)))
