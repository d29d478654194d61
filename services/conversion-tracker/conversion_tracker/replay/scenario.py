"""One scenario of a replay: the attribute and the screen fold in memory under one set of rules, over one program's lines."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import merge
from itertools import count, islice
from typing import assert_never

from conversion_tracker.attribution.fold import AttributeFold
from conversion_tracker.replay.comparison import ScenarioResult
from conversion_tracker.replay.earnings import Earnings
from conversion_tracker.replay.merge_order import AttributedLine, PositionedLine, ReplayedLine
from conversion_tracker.screening.conversion import Conversion
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.line_handler import CONVERSION_PREFIX
from referral.catalog.view import Catalog
from referral.events.attributions import (
    ReferralAttributed,
    ReferralOrdered,
    ReferralOrderRefunded,
    ReferralOrderReinstated,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.conversions import ConversionFact, OrderFact
from referral.events.facts import EventLine
from referral.events.line import Derived
from referral.events.timestamps import to_ms
from referral.fold.fold import Position
from referral.fold.in_memory import InMemoryFold, ProducedLine
from referral.tokens import TokenSigner
from referral.topics import ATTRIBUTIONS

_LINES_AT_ONCE = 2_000


class ScenarioRun:
    """Runs both folds under the rules of a catalog: first all events, then the attributions by `screen` or `rescreen`.

    `attributed` are the lines of the attribute fold, in the order of each partition of the events; `screened` are the lines of the
    screen fold, including those to itself. The result has what happened from `since` on; None: everything.
    """

    def __init__(
        self,
        program: str,
        catalog: Catalog,
        tokens: TokenSigner,
        lateness_days: int,
        partitions: int,
        since: datetime | None = None,
    ) -> None:
        self.attributed: list[ReplayedLine] = []
        self.screened: list[Derived] = []
        self._attribute = InMemoryFold(AttributeFold(tokens, lateness_days), catalog, partitions)
        self._screen = InMemoryFold(ScreenFold(), catalog, partitions)
        self._earnings = Earnings(lambda at: catalog.program_at(program, to_ms(at)), since)
        self._since = since
        self._latest: dict[int, int] = {}

    def add_events(self, partition: int, lines: Sequence[tuple[Position, EventLine]]) -> None:
        """Folds lines of one partition of the events."""
        recorded_at = {position.offset: position.recorded_at_ms for position, _ in lines}
        for produced in self._attribute.fold(partition, lines):
            if produced.topic != ATTRIBUTIONS.name:  # orders with codes, which are the ledger's
                continue
            line: AttributedLine = produced.line  # type: ignore[assignment] # what the attribute fold produces
            at = max(recorded_at[line.cause[2]], self._latest.get(partition, 0))
            self._latest[partition] = at
            self.attributed.append(ReplayedLine(at, produced.partition, line))

    def screen(self, partition: int, lines: Iterable[PositionedLine]) -> None:
        """Folds all lines of one partition of the attributions, which include the lines of the screen fold to itself."""
        self._fold_attributions(partition, lines)

    def rescreen(self, partitions: Sequence[Iterable[PositionedLine]]) -> None:
        """Folds all partitions of the attributions side by side, by the time at which their lines were recorded.

        The lines that the screen fold sends to itself follow up to _LINES_AT_ONCE lines later; their order has no effect on the
        final state (docs/decisions/0020).
        """
        lines = merge(*partitions, key=lambda placed: placed[0].recorded_at_ms)
        offsets = [count() for _ in partitions]  # this scenario's attributions are a log of their own
        while some := list(islice(lines, _LINES_AT_ONCE)):
            while some:
                some = self._fold_round(some, offsets)

    def _fold_round(self, lines: Sequence[PositionedLine], offsets: "Sequence[count[int]]") -> list[PositionedLine]:
        """Folds lines of any partitions; returns the lines that the screen fold sends to itself."""
        by_partition: list[list[PositionedLine]] = [[] for _ in offsets]
        for (partition, _, _, recorded_at_ms), line in lines:
            by_partition[partition].append((Position(partition, next(offsets[partition]), 0, recorded_at_ms), line))
        produced = [one for number, part in enumerate(by_partition) for one in self._fold_attributions(number, part)]
        latest = lines[-1][0].recorded_at_ms
        return [
            (Position(partition, 0, 0, latest), line)  # type: ignore[misc] # an attribution line
            for topic, partition, line in produced
            if topic == ATTRIBUTIONS.name
        ]

    def _fold_attributions(self, partition: int, lines: Iterable[PositionedLine]) -> list[ProducedLine]:
        produced = self._screen.fold(partition, lines)
        for _, _, line in produced:
            self.screened.append(line)  # type: ignore[arg-type] # what a fold produces
            if isinstance(line, ConversionFact | OrderFact):
                self._earnings.apply(line)
        return produced

    def result(self) -> ScenarioResult:
        """Returns the numbers of the scenario: held referrals that qualified, and followers who followed, from `since` on."""
        result = ScenarioResult(self._earnings)
        since_ms = to_ms(self._since) if self._since is not None else 0
        conversions = self._screen.states_of(CONVERSION_PREFIX)
        held = [one for one in conversions if isinstance(one, Conversion) and one.outcome == "held"]
        result.held = sum(one.at >= since_ms for one in held)
        result.referrers = self._referrers()
        return result

    def _referrers(self) -> dict[str, str | None]:
        """The referrer of each follower."""
        found: dict[str, tuple[datetime, str | None]] = {}
        for _, _, line in self.attributed:
            match line:
                case ReferralAttributed():
                    found[line.person] = line.occurred_at, line.referrer
                case ReferralUnattributed():
                    found[line.person] = line.occurred_at, None
                case ReferralReversed():
                    if line.undoes != ("qualified",):
                        found.pop(line.person, None)
                case (
                    ReferralQualified()
                    | ReferralOrdered()
                    | ReferralOrderRefunded()
                    | ReferralOrderReinstated()
                    | ReferrerBanned()
                    | ReferrerUnbanned()
                ):
                    pass
                case _:
                    assert_never(line)
        return {person: one for person, (at, one) in found.items() if self._since is None or at >= self._since}
