"""Attributions → conversions: every referral that qualifies is screened; one that falls takes its conversion with it."""

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from conversion_tracker.domain.conversion import Screened, fallen, screened
from conversion_tracker.domain.screening.catalogue import RULES, screen
from conversion_tracker.domain.screening.rule import Case, Rule
from referral.catalog.view import Catalog
from referral.events.attributions import AttributionLine, ReferralQualified, ReferralReversed
from referral.events.conversions import ConversionFact, conversion_key
from referral.events.line import ClockTicked
from referral.events.program import Screening
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import ATTRIBUTIONS, CONVERSIONS, Topic


class ScreenFold:
    """Whether a referral counts and pays."""

    name = "screen"
    service = "ct"
    source: Topic = ATTRIBUTIONS
    outputs: Sequence[Topic] = (CONVERSIONS,)
    state: object = Screened

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = rules

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """The conversion, for what makes or unmakes one."""
        return (_conversion_at(line),) if _bears(line) else ()

    def decide(
        self, line: AttributionLine, states: Mapping[Key, Screened | float | None], catalog: Catalog, position: Position
    ) -> Decision[Screened]:
        """A verdict, or its withdrawal."""
        if not _bears(line):
            return Decision()
        if isinstance(line, ReferralQualified):
            verdict = screen(_case(line, catalog), _settings(line, catalog), self._rules)
            return _said(line, *screened(line, verdict))
        before = states[_conversion_at(line)]
        news = fallen(line, before if isinstance(before, Screened) else None)
        return _said(line, *news) if news else Decision()

    def due(
        self, tick: ClockTicked, key: str, state: Screened, catalog: Catalog, position: Position
    ) -> Decision[Screened]:
        """Time by itself clears nobody."""
        return Decision()


def _bears(line: AttributionLine) -> TypeGuard[ReferralQualified | ReferralReversed]:
    return isinstance(line, ReferralQualified) or (isinstance(line, ReferralReversed) and "qualified" in line.undoes)


def _conversion_at(line: ReferralQualified | ReferralReversed) -> str:
    return f"conversion:{line.id}"


def _case(line: ReferralQualified, catalog: Catalog) -> Case:
    participant = catalog.participant(line.referrer)
    return Case(line, participant.external_id if participant else None)


def _settings(line: ReferralQualified, catalog: Catalog) -> Screening:
    """The settings of the version that the referral was judged under. Raises LookupError where the catalog lacks it."""
    for version in catalog.versions(line.program):
        if version.version == line.version:
            return version.program.screening
    raise LookupError(f"the catalog has no version {line.version} of {line.program}")


def _said(
    line: ReferralQualified | ReferralReversed, state: Screened, news: ConversionFact | None
) -> Decision[Screened]:
    outputs = [Output(CONVERSIONS, news, conversion_key(news))] if news else []
    return Decision({_conversion_at(line): state}, outputs)
