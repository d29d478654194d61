"""What a service implements to fold a topic: the states that a line needs, and a pure decision.

A decision sees the state, the line and the catalog, and nothing else: no clock, I/O or randomness. The same lines therefore
give the same outputs and the same state in every process and however they are cut into batches; exactly-once rests on that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.topics import Topic

Line_contra = TypeVar("Line_contra", contravariant=True)
State = TypeVar("State")


class SortedSetMember(NamedTuple):
    """Key of a member of a sorted set; its state is its score (a float), None if it is not in the set."""

    sorted_set: str
    member: str


class RawMember(NamedTuple):
    """The same for a sorted set of bytes, such as a board: its memory counts."""

    sorted_set: str
    member: bytes


class Timer(NamedTuple):
    """Key of the timer of the value state under `key`; its own state is the time (ms) from which a clock tick makes it due."""

    key: str


@dataclass(frozen=True, slots=True)
class StateGroup:
    """Key of all members of a sorted set, each with its state under `prefix` + member: for a line that concerns them all.

    It loads them, however many there are, or the first `most`; `group_members` reads their states, `group_scores` their scores.
    Without a `prefix` it loads the scores alone. Membership changes by writing SortedSetMember keys. `raw`: its members are bytes,
    written as RawMember keys and read by `raw_scores`; such a group has no `prefix`.
    """

    sorted_set: str
    prefix: str = ""
    most: int = 0
    raw: bool = False


Member = str | bytes
Key = str | SortedSetMember | RawMember | Timer | StateGroup


class Output(NamedTuple):
    """A line to be written: under a partition key, or to a partition by its number, modulo how many there are.

    So the number after a line's own partition leads through all of them and back.
    """

    topic: Topic
    line: Struct
    key: str | None = None
    partition: int | None = None


class Measurement(NamedTuple):
    """What the decision adds to a counter, or what a histogram observes: the name and labels of `referral.telemetry.metrics`."""

    metric: str
    labels: tuple[str, ...]
    value: float = 1.0


@dataclass(slots=True)
class Decision(Generic[State]):
    """What one line leads to: the states it changes (None removes one) and the output lines, in order.

    `measurements` are recorded once the changes are applied; a refold of what was folded before records none.
    """

    changes: dict[Key, State | float | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    measurements: Sequence[Measurement] = ()


def group_members(states: Mapping[Key, State | float | None], group: StateGroup) -> dict[str, State]:
    """The states of a requested group by member, ordered by score, then by name; members without a state are left out."""
    names: tuple[str, ...] = states[group]  # type: ignore[assignment] # the runner's state of a group is its members
    loaded = ((name, states[group.prefix + name]) for name in names)
    return {name: state for name, state in loaded if state is not None}  # type: ignore[misc] # str keys are value states


def group_scores(states: Mapping[Key, State | float | None], group: StateGroup) -> list[tuple[str, float]]:
    """The members of a requested group with their scores, ordered by score, then by name."""
    names: tuple[str, ...] = states[group]  # type: ignore[assignment] # as above
    return [(name, states[SortedSetMember(group.sorted_set, name)]) for name in names]  # type: ignore[misc] # a score


def raw_scores(states: Mapping[Key, State | float | None], group: StateGroup) -> list[tuple[bytes, float]]:
    """The same of a group with `raw`: ordered by score, then by the bytes of the members."""
    members: tuple[bytes, ...] = states[group]  # type: ignore[assignment] # as above
    return [(one, states[RawMember(group.sorted_set, one)]) for one in members]  # type: ignore[misc] # a score


class Position(NamedTuple):
    """Position of a line on the source topic, and when its record was appended (milliseconds since the epoch)."""

    partition: int
    offset: int
    line: int
    recorded_at_ms: int


class Fold(Protocol[Line_contra, State]):
    """One fold. Its state is in Redis under `{service}:{fold-partition}:key`, msgpack of `state` for value keys."""

    name: str  # unique in the system, e.g. "attribute": consumer group, metrics and fences carry it
    service: str  # short name of the service: ct, rd, lb
    source: Topic
    outputs: Sequence[Topic]
    # Line types for which `keys` returns nothing and `decide` changes nothing: their lines are not even decoded.
    ignored: Sequence[type[Struct]]
    state: type[State] | object  # a msgspec type (or union) of every value state
    # Whether the lines of a state must be decided in their order: then lines behind one that was set aside wait for it.
    keeps_order: bool

    def keys(self, line: Line_contra) -> Sequence[Key]:
        """The states to load before deciding on this line. Not called for clock ticks.

        If it raises, the line becomes a dead letter, as if `decide` had raised.
        """

    def decide(
        self, line: Line_contra, states: Mapping[Key, State | float | None], catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What this line leads to. `states` holds every requested key, None if it has no state yet.

        If it raises, the line becomes a dead letter and changes nothing; the lines after it go on.
        """


@runtime_checkable
class FoldWithTimers(Protocol[State]):
    """What a fold has in addition if it sets timers, each decided by its own state alone."""

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """What the tick leads to for a state with a due timer; called once for each, the earliest first.

        The timer is removed unless the decision sets it again. The runner forwards the tick itself.
        """


@runtime_checkable
class FoldWithTimerStates(Protocol[State]):
    """What a fold has instead if timers decide on more than their own state.

    `first_timers` are states whose timers are due from the first record of a partition on, also in a partition without lines.
    """

    first_timers: Mapping[str, State]

    def timer_keys(
        self, tick: ClockTicked, key: str, states: Mapping[Key, State | float | None], catalog: Catalog
    ) -> Sequence[Key]:
        """The states that the decision on a due timer needs. Called again with those until it names none that is missing."""

    def on_timer_with(
        self,
        tick: ClockTicked,
        key: str,
        states: Mapping[Key, State | float | None],
        catalog: Catalog,
        position: Position,
    ) -> Decision[State]:
        """As `FoldWithTimers.on_timer`, with the states of `timer_keys` and that of the timer."""
