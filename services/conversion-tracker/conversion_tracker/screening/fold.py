"""The screen fold: attributions → conversions. Screens referrals, and maintains the referral graph.

The type of a line selects its handler (`screening.handlers`). A conversion is decided from its whole state, and what changed is
published. The nodes of the referral graph communicate by lines on the topic that this fold reads.
"""

from collections.abc import Mapping, Sequence
from typing import Never, assert_never, get_args

from msgspec import Struct

from conversion_tracker.graph.cycle_detection import open_cycle, probe_edge, remove_edge, set_edge
from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.handlers.appeal_handler import OnAppealed
from conversion_tracker.screening.handlers.ban_handler import OnReferrerBan
from conversion_tracker.screening.handlers.cycle_handler import OnCycleChange
from conversion_tracker.screening.handlers.edge_handlers import GraphHandler, OnAttributed, OnReversed
from conversion_tracker.screening.handlers.line_handler import CompositeHandler, LineHandler, ScreenState
from conversion_tracker.screening.handlers.order_handler import OnOrder
from conversion_tracker.screening.handlers.reach_handlers import OnNodeBan, OnReachChanged, OnReachRefresh
from conversion_tracker.screening.handlers.referral_handlers import OnQualified, OnUnqualified
from conversion_tracker.screening.handlers.review_handler import OnReviewed
from conversion_tracker.screening.rule import ScreeningRule
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    ConversionAppealed,
    ConversionReviewed,
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
from referral.events.edges import (
    CycleOpened,
    EdgeProbed,
    EdgeRemoved,
    EdgeSet,
    ReachChanged,
    ReachRefreshRequested,
    ReferralInCycle,
    ReferralOutOfCycle,
)
from referral.events.line import ClockTicked
from referral.fold.fold import Decision, Key, Position
from referral.topics import ATTRIBUTIONS, CONVERSIONS, Topic


class ScreenFold:
    """Decides whether referrals count and pay."""

    name = "screen"
    service = "ct"
    source: Topic = ATTRIBUTIONS
    outputs: Sequence[Topic] = (CONVERSIONS, ATTRIBUTIONS)
    ignored: Sequence[type[Struct]] = (ReferralUnattributed,)
    state: object = ScreenState
    keeps_order = True

    def __init__(self, rules: Sequence[ScreeningRule] = RULES) -> None:
        self._handlers = {kind: _handler(kind, rules) for kind in get_args(AttributionLine)}

    def keys(self, line: AttributionLine) -> Sequence[Key]:
        """The states that the handler of the line needs."""
        handler = self._handlers[type(line)]
        return handler.keys(line) if handler else ()  # type: ignore[arg-type] # the table pairs them

    def decide(
        self,
        line: AttributionLine,
        states: Mapping[Key, ScreenState | float | None],
        catalog: Catalog,
        position: Position,
    ) -> Decision[ScreenState]:
        """The decision of the handler of the line."""
        handler = self._handlers[type(line)]
        if handler is None:
            return Decision()
        return handler.decide(line, states, catalog, position)  # type: ignore[arg-type] # the table pairs them


def _handler(kind: type[AttributionLine], rules: Sequence[ScreeningRule]) -> LineHandler[Never] | None:  # noqa: C901, PLR0911, PLR0912 - a table whose gaps mypy reports
    """Returns the handler of a line type; None if lines of the type change nothing here."""
    if issubclass(kind, ReferralQualified):
        return OnQualified(rules)
    if issubclass(kind, ReferralAttributed):
        return CompositeHandler(OnAttributed(), OnQualified(rules))
    if issubclass(kind, ReferralReversed):
        return CompositeHandler(OnUnqualified(), OnReversed())
    if issubclass(kind, ConversionReviewed):
        return OnReviewed()
    if issubclass(kind, ConversionAppealed):
        return OnAppealed()
    if issubclass(kind, ReferrerBanned | ReferrerUnbanned):
        return CompositeHandler(OnReferrerBan(), OnNodeBan())
    if issubclass(kind, ReferralOrdered | ReferralOrderRefunded | ReferralOrderReinstated):
        return OnOrder()
    if issubclass(kind, EdgeSet):
        return GraphHandler(set_edge)
    if issubclass(kind, EdgeRemoved):
        return GraphHandler(remove_edge)
    if issubclass(kind, EdgeProbed):
        return GraphHandler(probe_edge)
    if issubclass(kind, CycleOpened):
        return GraphHandler(open_cycle)
    if issubclass(kind, ReferralInCycle | ReferralOutOfCycle):
        return OnCycleChange()
    if issubclass(kind, ReachChanged):
        return OnReachChanged()
    if issubclass(kind, ReachRefreshRequested):
        return OnReachRefresh()
    if issubclass(kind, ReferralUnattributed | ClockTicked):
        return None
    assert_never(kind)
