"""What a service writes to fold a topic: which state a line touches, and a pure decision.

A decision sees the state, the line and the catalog, and nothing else: no clock, no I/O, no chance. The same lines therefore give
the same outputs and the same state, whoever folds them and in whatever batches; that is what exactly-once rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.topics import Topic

Line_contra = TypeVar("Line_contra", contravariant=True)
State = TypeVar("State")


class SortedSetMember(NamedTuple):
    """A member of a sorted set; its state is its score (a float), or None where it is not in the set."""

    board: str
    member: str


class Timer(NamedTuple):
    """A timer: `key` (a value key) is loaded and decided on again by the first clock tick at or after the time set (ms)."""

    key: str


@dataclass(frozen=True, slots=True)
class StateGroup:
    """All members of a board, each with the value state under `prefix` and its name; for a line that concerns them all.

    Asking for it loads them, however many; `members` reads them. Who belongs is said by writing Scores of the board.
    """

    board: str
    prefix: str


Key = str | SortedSetMember | Timer | StateGroup


class Output(NamedTuple):
    """A line to be written: under a key, or (a forwarded tick) to a partition by number."""

    topic: Topic
    line: Struct
    key: str | None = None
    partition: int | None = None


@dataclass(slots=True)
class Decision(Generic[State]):
    """What one line leads to: the states it changes (None removes) and the lines that go out, in order."""

    changes: dict[Key, State | float | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)


def group_members(states: Mapping[Key, State | float | None], family: StateGroup) -> dict[str, State]:
    """The states of a family that was asked for, by member, in the order of the board (score, then name)."""
    names: tuple[str, ...] = states[family]  # type: ignore[assignment] # of a family the runner knows who belongs to it
    found = ((name, states[family.prefix + name]) for name in names)
    return {name: state for name, state in found if state is not None}  # type: ignore[misc] # under a str lies a value


class Position(NamedTuple):
    """Where a line stands, and when its record was appended (milliseconds since the epoch)."""

    partition: int
    offset: int
    line: int
    recorded_at_ms: int


class Fold(Protocol[Line_contra, State]):
    """One fold. Its state lives in Redis under `{service}:{source-partition}:key`, msgpack of `state` for value keys."""

    name: str  # unique in the system, e.g. "attribute"; consumer group, metrics and fences carry it
    service: str  # short name of the service: ct, rd, lb
    source: Topic
    outputs: Sequence[Topic]
    state: type[State] | object  # a msgspec type (or union) of every value state

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """The states to load before deciding on this line. Not asked for a clock tick."""

    def decide(
        self, line: Line_contra, states: Mapping[Key, State | float | None], catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What this line leads to. `states` holds every key asked for, None where there is none yet."""

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What the tick leads to for a state whose timer has come; asked for each by itself, the earliest first.

        The timer is gone unless the decision sets it anew. The runner forwards the tick itself.
        """
