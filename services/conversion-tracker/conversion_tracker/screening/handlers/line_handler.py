"""The type of a handler, the state keys of the screen fold, and the decision that publishes a conversion."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from conversion_tracker.graph.reach import ReachState
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

ScreenState = Conversion | ReferrerHistory | GraphNode | ReachState
ScreenStates = Mapping[Key, ScreenState | float | None]
Line_contra = TypeVar("Line_contra", contravariant=True)


class LineHandler(Protocol[Line_contra]):
    """Decides on the lines of one type."""

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """Returns the keys of the states that the line needs."""

    def decide(
        self, line: Line_contra, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Returns the state changes and output lines of the line."""


class CompositeHandler(LineHandler[Line_contra]):
    """Several handlers of one line type, whose state keys differ."""

    def __init__(self, *handlers: LineHandler[Line_contra]) -> None:
        self._handlers = handlers

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """Returns the keys of all of them."""
        return [key for handler in self._handlers for key in handler.keys(line)]

    def decide(
        self, line: Line_contra, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Returns all their decisions as one, in order."""
        whole: Decision[ScreenState] = Decision()
        for handler in self._handlers:
            decision = handler.decide(line, states, catalog, position)
            whole.changes |= decision.changes
            whole.outputs += decision.outputs
        return whole


CONVERSION_PREFIX = "conversion:"
"""The prefix of the state key of a conversion; its id follows, so that the id alone finds it, in one of the partitions."""


def conversion_state_key(referral: str) -> str:
    """Returns the state key of the conversion of a referral."""
    return CONVERSION_PREFIX + conversion_id(referral)


def active_conversions(program: str, referrer: str) -> StateGroup:
    """Returns the group of a referrer's active conversions of any outcome, by the time at which they qualified (ms)."""
    return StateGroup(active_set(program, referrer), CONVERSION_PREFIX)


def active_set(program: str, referrer: str) -> str:
    """Returns the name of the sorted set of that group."""
    return f"brought:{referrer_key(program, referrer)}"


def status_board(program: str, status: ConversionStatus) -> str:
    """Returns the name of the sorted set of a program's conversions of one status: ids by the time they qualified (ms).

    Those of `reversed` are by the time of the reversal.
    """
    return f"conversions:{program}|{status}"


def appeal_board(program: str) -> str:
    """Returns the name of the sorted set of a program's conversions whose appeal waits for a review: ids by its time (ms)."""
    return f"conversions:{program}|appealed"


def history_state_key(program: str, referrer: str) -> str:
    """Returns the state key of a referrer's history."""
    return f"referrer:{referrer_key(program, referrer)}"


def loaded_conversion(states: ScreenStates, referral: str) -> Conversion | None:
    """Returns the loaded conversion of a referral; None if there is none."""
    state = states[conversion_state_key(referral)]
    return state if isinstance(state, Conversion) else None


def loaded_history(states: ScreenStates, program: str, referrer: str) -> ReferrerHistory:
    """Returns the loaded history of a referrer; an empty one if there is none yet."""
    state = states[history_state_key(program, referrer)]
    return state if isinstance(state, ReferrerHistory) else EMPTY_HISTORY


def publish_decision(
    line: Derived, now: Conversion, reason: ConversionReversalReason, *, is_new: bool = False
) -> Decision[ScreenState]:
    """Returns the decision to store a conversion and to publish what `line` changed about it.

    `reason` is the reason of a reversal, if the conversion was cleared before. `is_new`: there was no conversion before.
    """
    after, events = reconcile(now, to_ms(line.occurred_at), reason)
    outputs = [Output(CONVERSIONS, event, conversion_key(event)) for event in events]
    decision: Decision[ScreenState] = Decision({CONVERSION_PREFIX + now.id: after}, outputs)
    if after.published != now.published:
        if not is_new:
            decision.changes[SortedSetMember(status_board(now.program, status_of(now.published)), now.id)] = None
        decision.changes.update(_board_changes(after, to_ms(line.occurred_at)))
    if after.appeal is not None:
        waits = SortedSetMember(appeal_board(after.program), after.id)
        decision.changes[waits] = float(after.appeal.at) if after.waits_for_appeal else None
    return decision


def _board_changes(after: Conversion, now_ms: int) -> dict[Key, ScreenState | float | None]:
    """Returns the sorted sets that a conversion joins, or leaves because it is no longer active."""
    id, program, moment, status = after.id, after.program, float(after.at), status_of(after.published)
    return {
        SortedSetMember(status_board(program, status), id): float(now_ms) if status == "reversed" else moment,
        SortedSetMember(active_set(program, after.referrer), id): moment if after.active else None,
    }


def program_version(program: str, version: int, catalog: Catalog) -> Program:
    """Returns a version of a program. Raises LookupError if the catalog does not have it."""
    known = catalog.version(program, version)
    if known is None:
        raise LookupError(f"the catalog has no version {version} of {program}")
    return known.program
