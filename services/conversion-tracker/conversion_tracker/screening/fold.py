"""Attributions → conversions: everything that affects a conversion is decided as a whole, and the difference is published.

The edges of the referral graph are kept here too; their nodes communicate by lines on the topic that this fold reads.

A line's type selects its handler; each handler is a module of `screening.handlers` and names the states it needs.
"""

from collections.abc import Mapping, Sequence
from typing import Never

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.handlers.ban_handler import OnReferrerBan
from conversion_tracker.screening.handlers.cycle_handler import OnCycleChange
from conversion_tracker.screening.handlers.edge_handlers import OPENS, PROBES, SETS, UNSETS, OnAttributed, OnReversed
from conversion_tracker.screening.handlers.line_handler import CompositeHandler, LineHandler, ScreenState
from conversion_tracker.screening.handlers.referral_handlers import OnQualified, OnUnqualified
from conversion_tracker.screening.handlers.review_handler import OnReviewed
from conversion_tracker.screening.rule import ScreeningRule
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    ConversionReviewed,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.edges import (
    CycleOpened,
    EdgeProbed,
    EdgeRemoved,
    EdgeSet,
    ReferralInCycle,
    ReferralOutOfCycle,
)
from referral.events.line import ClockTicked
from referral.fold.fold import Decision, Key, Position
from referral.topics import ATTRIBUTIONS, CONVERSIONS, Topic


class ScreenFold:
    """Whether a referral counts and pays."""

    name = "screen"
    service = "ct"
    source: Topic = ATTRIBUTIONS
    outputs: Sequence[Topic] = (CONVERSIONS, ATTRIBUTIONS)
    state: object = ScreenState

    def __init__(self, rules: Sequence[ScreeningRule] = RULES) -> None:
        self._handlers: dict[type, LineHandler[Never]] = {
            ReferralQualified: OnQualified(rules),
            ReferralAttributed: OnAttributed(),
            ReferralReversed: CompositeHandler(OnUnqualified(), OnReversed()),
            ConversionReviewed: OnReviewed(),
            ReferrerBanned: OnReferrerBan(),
            ReferrerUnbanned: OnReferrerBan(),
            EdgeSet: SETS,
            EdgeRemoved: UNSETS,
            EdgeProbed: PROBES,
            CycleOpened: OPENS,
            ReferralInCycle: OnCycleChange(),
            ReferralOutOfCycle: OnCycleChange(),
        }

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """The states that the line's handler needs; empty for a line that affects no conversion."""
        handler = self._handlers.get(type(line))
        return handler.keys(line) if handler else ()  # type: ignore[arg-type] # the table pairs them

    def decide(
        self,
        line: AttributionLine,
        states: Mapping[Key, ScreenState | float | None],
        catalog: Catalog,
        position: Position,
    ) -> Decision[ScreenState]:
        """A verdict, or its withdrawal."""
        handler = self._handlers.get(type(line))
        if handler is None:
            return Decision()
        return handler.decide(line, states, catalog, position)  # type: ignore[arg-type] # the table pairs them

    def on_timer(
        self, tick: ClockTicked, key: str, state: ScreenState, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """No timers."""
        return Decision()
