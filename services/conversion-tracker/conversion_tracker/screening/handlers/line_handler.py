"""What a handler is, where the states lie, and how a settled conversion becomes a decision."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from conversion_tracker.graph.referral_edges import GraphNode
from conversion_tracker.screening.conversion import Conversion, ConversionStatus, reconcile, status_of
from conversion_tracker.screening.referrer_history import EMPTY_HISTORY, ReferrerHistory
from referral.catalog.view import Catalog
from referral.events.conversions import ConversionReversalReason, conversion_key
from referral.events.ids import conversion_id
from referral.events.keys import referrer_key
from referral.events.line import Derived
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, StateGroup
from referral.topics import CONVERSIONS

ScreenState = Conversion | ReferrerHistory | GraphNode
ScreenStates = Mapping[Key, ScreenState | float | None]
Line_contra = TypeVar("Line_contra", contravariant=True)


class LineHandler(Protocol[Line_contra]):
    """Decides on the lines of one type."""

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """The states to load."""

    def decide(
        self, line: Line_contra, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """What the line leads to."""


class CompositeHandler(LineHandler[Line_contra]):
    """Several handlers of one type, each with states of its own."""

    def __init__(self, *handlers: LineHandler[Line_contra]) -> None:
        self._handlers = handlers

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """The states that any of them needs."""
        return [key for handler in self._handlers for key in handler.keys(line)]

    def decide(
        self, line: Line_contra, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """All their decisions, in order."""
        whole: Decision[ScreenState] = Decision()
        for handler in self._handlers:
            decision = handler.decide(line, states, catalog, position)
            whole.changes |= decision.changes
            whole.outputs += decision.outputs
        return whole


CONVERSION_PREFIX = "conversion:"
"""The prefix of a conversion's state key: its id alone finds it, in one of the partitions."""


def conversion_state_key(referral: str) -> str:
    """The state key of a referral's conversion."""
    return CONVERSION_PREFIX + conversion_id(referral)


def active_conversions(program: str, referrer: str) -> StateGroup:
    """All conversions of a referrer that stand, whether they count or not; by when they qualified (ms)."""
    return StateGroup(f"brought:{referrer_key(program, referrer)}", CONVERSION_PREFIX)


def status_board(program: str, status: ConversionStatus) -> str:
    """The board of a program's conversions of one status: their ids, by when they qualified (ms)."""
    return f"conversions:{program}|{status}"


def history_state_key(program: str, referrer: str) -> str:
    """The state key of a referrer."""
    return f"referrer:{referrer_key(program, referrer)}"


def loaded_conversion(states: ScreenStates, referral: str) -> Conversion | None:
    """The conversion of a referral, as loaded."""
    found = states[conversion_state_key(referral)]
    return found if isinstance(found, Conversion) else None


def loaded_history(states: ScreenStates, program: str, referrer: str) -> ReferrerHistory:
    """A referrer's history as loaded; an empty one if there is none yet."""
    found = states[history_state_key(program, referrer)]
    return found if isinstance(found, ReferrerHistory) else EMPTY_HISTORY


def publish_decision(line: Derived, now: Conversion, reason: ConversionReversalReason) -> Decision[ScreenState]:
    """The decision to store a conversion, and to publish the lines that follow from one line."""
    after, news = reconcile(now, to_ms(line.occurred_at), reason)
    outputs = [Output(CONVERSIONS, one, conversion_key(one)) for one in news]
    decision: Decision[ScreenState] = Decision({CONVERSION_PREFIX + now.id: after}, outputs)
    if after.published != now.published:
        decision.changes.update(_board_changes(now, after))
    return decision


def _board_changes(before: Conversion, after: Conversion) -> dict[Key, ScreenState | float | None]:
    """The status lists that a conversion joins, and those it leaves."""
    id, program, moment = after.id, after.program, float(after.at)
    return {
        SortedSetMember(status_board(program, status_of(before.published)), id): None,
        SortedSetMember(status_board(program, status_of(after.published)), id): moment,
        SortedSetMember(active_conversions(program, after.referrer).sorted_set, id): moment if after.active else None,
    }


def program_version(program: str, version: int, catalog: Catalog) -> Program:
    """A version of a program. Raises LookupError where the catalog lacks it."""
    found = catalog.version(program, version)
    if found is None:
        raise LookupError(f"the catalog has no version {version} of {program}")
    return found.program
