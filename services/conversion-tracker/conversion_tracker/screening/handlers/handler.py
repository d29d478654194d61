"""What a handler is, where the states lie, and how a settled conversion becomes a decision."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from conversion_tracker.graph.referral_edges import Lineage
from conversion_tracker.screening.conversion import Conversion, Status, settled, status_of
from conversion_tracker.screening.referrer_history import UNKNOWN, Referrer
from referral.catalog.view import Catalog
from referral.events.conversions import ConversionReversalReason, conversion_key
from referral.events.ids import conversion_id
from referral.events.keys import referrer_key
from referral.events.line import Derived
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, StateGroup
from referral.topics import CONVERSIONS

State = Conversion | Referrer | Lineage
States = Mapping[Key, State | float | None]
Line_contra = TypeVar("Line_contra", contravariant=True)


class Handler(Protocol[Line_contra]):
    """Decides on the lines of one type."""

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """The states to load."""

    def decide(self, line: Line_contra, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """What the line leads to."""


class Together(Handler[Line_contra]):
    """Several handlers of one type, each with states of its own."""

    def __init__(self, *handlers: Handler[Line_contra]) -> None:
        self._handlers = handlers

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """What any of them asks for."""
        return [key for handler in self._handlers for key in handler.keys(line)]

    def decide(self, line: Line_contra, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """All their decisions, in order."""
        whole: Decision[State] = Decision()
        for handler in self._handlers:
            decision = handler.decide(line, states, catalog, position)
            whole.changes |= decision.changes
            whole.outputs += decision.outputs
        return whole


CONVERSION = "conversion:"
"""What stands before a conversion's id where it lies: the id alone finds it, in one of the partitions."""


def conversion_at(referral: str) -> str:
    """Where the conversion of a referral lies."""
    return CONVERSION + conversion_id(referral)


def brought_by(program: str, referrer: str) -> StateGroup:
    """All conversions of a referrer that stand, whether they count or not; by when they qualified (ms)."""
    return StateGroup(f"brought:{referrer_key(program, referrer)}", CONVERSION)


def listed_at(program: str, status: Status) -> str:
    """The board of a program's conversions of one status: their ids, by when they qualified (ms)."""
    return f"conversions:{program}|{status}"


def referrer_at(program: str, referrer: str) -> str:
    """Where a referrer lies."""
    return f"referrer:{referrer_key(program, referrer)}"


def conversion_of(states: States, referral: str) -> Conversion | None:
    """The conversion of a referral, as loaded."""
    found = states[conversion_at(referral)]
    return found if isinstance(found, Conversion) else None


def referrer_of(states: States, program: str, referrer: str) -> Referrer:
    """A referrer, as loaded; one of whom nothing is known yet where nothing was."""
    found = states[referrer_at(program, referrer)]
    return found if isinstance(found, Referrer) else UNKNOWN


def said(line: Derived, now: Conversion, reason: ConversionReversalReason) -> Decision[State]:
    """The decision to keep a conversion, and to say what is to be said of it because of a line."""
    after, news = settled(now, to_ms(line.occurred_at), reason)
    outputs = [Output(CONVERSIONS, one, conversion_key(one)) for one in news]
    decision: Decision[State] = Decision({CONVERSION + now.id: after}, outputs)
    if after.said != now.said:
        decision.changes.update(_listed(now, after))
    return decision


def _listed(before: Conversion, after: Conversion) -> dict[Key, State | float | None]:
    """The lists on which a conversion stands from now on, and those it leaves."""
    id, program, moment = after.id, after.program, float(after.at)
    return {
        SortedSetMember(listed_at(program, status_of(before.said)), id): None,
        SortedSetMember(listed_at(program, status_of(after.said)), id): moment,
        SortedSetMember(brought_by(program, after.referrer).board, id): moment if after.stands else None,
    }


def program_of(program: str, version: int, catalog: Catalog) -> Program:
    """A version of a program. Raises LookupError where the catalog lacks it."""
    found = catalog.version(program, version)
    if found is None:
        raise LookupError(f"the catalog has no version {version} of {program}")
    return found.program
