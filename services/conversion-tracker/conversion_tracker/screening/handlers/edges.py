"""Edges: set and unset with the referrals, noted on both sides, and asked whether they run in a circle."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from conversion_tracker.graph.cycle_detection import Told, circle_opened, edge_probed, edge_set, edge_unset
from conversion_tracker.graph.referral_edges import UNKNOWN, Lineage
from conversion_tracker.screening.handlers.handler import State, States
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralReversed
from referral.events.edges import CycleOpened, EdgeFact, EdgeProbed, EdgeRemoved, EdgeSet, edge_key
from referral.events.ids import participant_id
from referral.events.keys import participant_key
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember
from referral.topics import ATTRIBUTIONS

OnPlace = TypeVar("OnPlace", bound=EdgeSet | EdgeRemoved | EdgeProbed | CycleOpened)


def lineage_at(program: str, participant: str) -> str:
    """Where a participant's lineage lies."""
    return f"lineage:{participant_key(program, participant)}"


def children_at(program: str, participant: str) -> str:
    """The sorted set of those whom a participant brought, by the follow (ms); negative where the edge is refused."""
    return f"children:{participant_key(program, participant)}"


def lineage_of(states: States, program: str, participant: str) -> Lineage:
    """A participant's lineage, as loaded."""
    found = states[lineage_at(program, participant)]
    return found if isinstance(found, Lineage) else UNKNOWN


class Links:
    """`referral.attributed`: the referrer has brought somebody, and the edge is set at that person's place."""

    def keys(self, line: ReferralAttributed) -> Sequence[Key]:
        """The referrer's lineage."""
        return (lineage_at(line.program, line.referrer),)

    def decide(self, line: ReferralAttributed, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """One more below the referrer; noted before the edge is set, so that whoever is brought in a circle is asked."""
        participant = participant_id(line.program, line.person)
        child = SortedSetMember(children_at(line.program, line.referrer), participant)
        decision: Decision[State] = Decision({child: float(to_ms(line.occurred_at))})
        lineage = lineage_of(states, line.program, line.referrer)
        if not lineage.brought:
            decision.changes[lineage_at(line.program, line.referrer)] = replace(lineage, brought=True)
        decision.outputs.append(_to(_edge_set(line, participant)))
        return decision


class Unlinks:
    """`referral.reversed`: who was brought is nobody's any more."""

    def keys(self, line: ReferralReversed) -> Sequence[Key]:
        """Nothing has to be known."""
        return ()

    def decide(self, line: ReferralReversed, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """One less below the referrer, and the edge goes."""
        if not line.id or not line.referrer or "attributed" not in line.undoes:
            return Decision()
        participant = participant_id(line.program, line.person)
        child = SortedSetMember(children_at(line.program, line.referrer), participant)
        gone = EdgeRemoved(
            occurred_at=line.occurred_at, program=line.program, participant=participant, referral=line.id
        )
        return Decision({child: None}, [_to(gone)])


class OfPlace(Generic[OnPlace]):
    """A line that a participant's place deals with by itself: what `step` makes of it."""

    def __init__(self, step: Callable[[Lineage, OnPlace], Told]) -> None:
        self._step = step

    def keys(self, line: OnPlace) -> Sequence[Key]:
        """The participant's lineage."""
        return (lineage_at(line.program, line.participant),)

    def decide(self, line: OnPlace, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """The lineage afterwards, and the lines that go on."""
        before = lineage_of(states, line.program, line.participant)
        after, told = self._step(before, line)
        changes: dict[Key, State | float | None] = {} if after == before else {self.keys(line)[0]: after}
        return Decision(changes, [_to(one) for one in told])


SETS = OfPlace(edge_set)
UNSETS = OfPlace(edge_unset)
PROBES = OfPlace(edge_probed)
OPENS = OfPlace(circle_opened)


def _edge_set(line: ReferralAttributed, participant: str) -> EdgeSet:
    return EdgeSet(
        occurred_at=line.occurred_at,
        program=line.program,
        participant=participant,
        referrer=line.referrer,
        referral=line.id,
        since=line.occurred_at,
    )


def _to(line: EdgeFact) -> Output:
    return Output(ATTRIBUTIONS, line, edge_key(line))
