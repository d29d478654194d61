"""Attributions → conversions: what bears on a conversion is judged whole, and the difference said.

Who brought whom are edges, kept here too; their places tell each other by lines on the topic that this fold reads.

A line's type says which handler decides on it; each handler is a module of `folds.screening` and names the states it needs.
"""

from collections.abc import Mapping, Sequence
from typing import Never

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.handlers.bans import Bans
from conversion_tracker.screening.handlers.cycles import Circles
from conversion_tracker.screening.handlers.edges import OPENS, PROBES, SETS, UNSETS, Links, Unlinks
from conversion_tracker.screening.handlers.handler import Handler, State, Together
from conversion_tracker.screening.handlers.referrals import Qualifies, Reverses
from conversion_tracker.screening.handlers.reviews import Reviews
from conversion_tracker.screening.rule import Rule
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
    state: object = State

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._handlers: dict[type, Handler[Never]] = {
            ReferralQualified: Qualifies(rules),
            ReferralAttributed: Links(),
            ReferralReversed: Together(Reverses(), Unlinks()),
            ConversionReviewed: Reviews(),
            ReferrerBanned: Bans(),
            ReferrerUnbanned: Bans(),
            EdgeSet: SETS,
            EdgeRemoved: UNSETS,
            EdgeProbed: PROBES,
            CycleOpened: OPENS,
            ReferralInCycle: Circles(),
            ReferralOutOfCycle: Circles(),
        }

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """What the line's handler asks for; nothing for a line that makes or unmakes no conversion."""
        handler = self._handlers.get(type(line))
        return handler.keys(line) if handler else ()  # type: ignore[arg-type] # the table pairs them

    def decide(
        self, line: AttributionLine, states: Mapping[Key, State | float | None], catalog: Catalog, position: Position
    ) -> Decision[State]:
        """A verdict, or its withdrawal."""
        handler = self._handlers.get(type(line))
        if handler is None:
            return Decision()
        return handler.decide(line, states, catalog, position)  # type: ignore[arg-type] # the table pairs them

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Time by itself clears nobody."""
        return Decision()
