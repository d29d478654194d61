"""The pure middle of the runner: from a batch and its loaded states to what is said and what is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import force_setattr

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.rejected import LineRejected
from referral.events.timestamps import to_ms
from referral.fold.batch import Batch, BatchReader
from referral.fold.fence import Fence
from referral.fold.fold import Decision, Fold, Key, Output, Position, SortedSetMember, StateGroup, Timer
from referral.fold.state_store import LoadedState, StateRequest
from referral.log.errors import LogUnavailable
from referral.log.fold_producer import OutputLine
from referral.topics import REJECTED, Topic, partition_of

Line = TypeVar("Line")
State = TypeVar("State")
Changes = dict[Key, State | float | None]

_json = msgspec.json.Encoder().encode
_msgpack = msgspec.msgpack.Encoder().encode


class PartitionProgress(Protocol):
    """What is known of a partition: its fence, and below which offset its outputs were said already."""

    fence: Fence
    produced_below: int


@dataclass(slots=True)
class Outcome:
    """What a batch leads to."""

    partition: int
    fence: Fence
    output_lines: list[OutputLine] = field(default_factory=list)
    values: dict[str, bytes | None] = field(default_factory=dict)
    scores: dict[tuple[str, str], float | None] = field(default_factory=dict)
    output_counts: dict[type, int] = field(default_factory=dict)  # how many lines of each type are said
    reason_counts: dict[tuple[type, str], int] = field(default_factory=dict)  # how many of each type give each reason
    dead_letters: list[LineRejected] = field(default_factory=list)  # what was set aside, undecodable or undecidable
    skipped: int = 0  # lines whose cause was applied already


class Decider(Generic[Line, State]):
    """Decides batches of one fold. `partitions` gives a topic's partition count."""

    def __init__(self, fold: Fold[Line, State], catalog: Catalog, partitions: Callable[[Topic], int]) -> None:
        self._fold = fold
        self._catalog = catalog
        self._partitions = partitions
        self._decode: Callable[[bytes], State] = msgspec.msgpack.Decoder(fold.state).decode
        self._reader: BatchReader[Line] = BatchReader(fold.name, fold.source.name, fold.source.lines)

    def state_request(self, batch: Batch[Line]) -> StateRequest:
        """The states that the batch's lines ask for."""
        keys: dict[Key, None] = {}
        for _, line, _ in batch.lines:
            keys.update(dict.fromkeys(self._fold.keys(line)))
        return StateRequest(
            [key for key in keys if isinstance(key, str)],
            [(key.board, key.member) for key in keys if isinstance(key, SortedSetMember)],
            [(key.board, key.prefix) for key in keys if isinstance(key, StateGroup)],
        )

    def tick_ms(self, batch: Batch[Line]) -> int:
        """The moment of the batch's tick."""
        return to_ms(batch.tick[1].occurred_at) if batch.tick else 0

    def decide(self, batch: Batch[Line], loaded: LoadedState, known: PartitionProgress) -> Outcome:
        """Decides on every line in turn. Raises LogUnavailable if the catalog could not be read."""
        outcome = Outcome(batch.partition, Fence(batch.last_offset, dict(known.fence.causes)))
        changes = (
            self._decide_tick(batch, loaded, outcome, known)
            if batch.tick
            else self._lines(batch, loaded, outcome, known)
        )
        self._write(changes, outcome)
        outcome.dead_letters += batch.rejected
        self._reject(outcome, known)
        return outcome

    def _lines(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, known: PartitionProgress
    ) -> Changes[State]:
        states = _States(self._decode, loaded)
        changes: Changes[State] = {}
        for position, line, raw in batch.lines:
            cause = getattr(line, "cause", None)
            if cause is not None and not outcome.fence.admits(cause):
                outcome.skipped += 1
                continue
            decision = self._decide_one(position, line, raw, states, outcome)
            if decision is not None:
                states.apply(decision.changes)
                changes.update(decision.changes)
                self._encode(decision.outputs, position, outcome, known)
            if cause is not None:
                outcome.fence.advance(cause)
        return changes

    def _decide_one(
        self, position: Position, line: Line, raw: bytes, states: "_States[State]", outcome: Outcome
    ) -> Decision[State] | None:
        try:
            return self._fold.decide(line, states, self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a line that no rule can take is set aside with its reason, and the rest go on
            outcome.dead_letters.append(self._reader.rejection(position, raw, "decision_failed", _describe(error)))
            return None

    def _decide_tick(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, known: PartitionProgress
    ) -> Changes[State]:
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        if not outcome.fence.admits(tick.cause):
            outcome.skipped += 1
            return {}
        changes: Changes[State] = {Timer(key): None for key in loaded.values}
        said = 0
        for key, raw in loaded.values.items():
            decision = self._decide_timer(tick, key, raw, position, outcome)
            changes.update(decision.changes)
            self._encode(decision.outputs, position, outcome, known, first=said)
            said += len(decision.outputs)
        outcome.fence.advance(tick.cause)
        self._forward(batch, outcome, known, said)
        return changes

    def _decide_timer(
        self, tick: ClockTicked, key: str, raw: bytes, position: Position, outcome: Outcome
    ) -> Decision[State]:
        """A state that no rule can take loses its timer and stays as it is; the others go on."""
        try:
            return self._fold.on_timer(tick, key, self._decode(raw), self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as for a line
            detail = f"the state {key} fell due: {_describe(error)}"
            outcome.dead_letters.append(self._reader.rejection(position, raw, "decision_failed", detail))
            return Decision()

    def _forward(self, batch: Batch[Line], outcome: Outcome, known: PartitionProgress, after: int) -> None:
        """Time goes on to the next topic: the tick follows whatever it led to."""
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        onward = [topic for topic in self._fold.outputs if topic is not self._fold.source]
        for number, topic in enumerate(onward):
            forwarded = msgspec.structs.replace(tick)
            output = Output(topic, forwarded, partition=batch.partition)
            self._encode([output], position, outcome, known, first=after + number, alone=True)

    def _encode(
        self,
        outputs: list[Output],
        position: Position,
        outcome: Outcome,
        known: PartitionProgress,
        *,
        first: int = 0,
        alone: bool = False,
    ) -> None:
        """Encodes outputs with their cause. What was said before a wipe is not said again."""
        if position.offset < known.produced_below:
            return
        source, (of, offset, place, _) = self._fold.source.name, position
        said: tuple[Topic, str] | None = None  # lines that follow from one go to one place more often than not
        for number, (topic, line, key, partition) in enumerate(outputs, first):
            force_setattr(line, "cause", (source, of, offset, place, number))
            if key is None:
                home = partition or 0
            elif said != (topic, key):
                said, home = (topic, key), partition_of(key, self._partitions(topic))
            outcome.output_lines.append(OutputLine(topic.name, home, _json(line), alone))
            kind = type(line)
            outcome.output_counts[kind] = outcome.output_counts.get(kind, 0) + 1
            for reason in getattr(line, "reasons", ()):
                outcome.reason_counts[kind, reason] = outcome.reason_counts.get((kind, reason), 0) + 1

    def _reject(self, outcome: Outcome, known: PartitionProgress) -> None:
        """Dead letters go out; those of before a wipe are there already."""
        fresh = (letter for letter in outcome.dead_letters if letter.offset >= known.produced_below)
        outcome.output_lines.extend(OutputLine(REJECTED.name, 0, _json(letter)) for letter in fresh)

    def _write(self, changes: Changes[State], outcome: Outcome) -> None:
        for key, state in changes.items():
            if isinstance(key, str):
                outcome.values[key] = None if state is None else _msgpack(state)
            elif isinstance(key, Timer):
                outcome.scores["timers", key.key] = state  # type: ignore[assignment] # a timer's state is its moment
            elif isinstance(key, SortedSetMember):
                outcome.scores[key] = state  # type: ignore[assignment] # a score's state is a float
            else:
                raise TypeError(f"{key} cannot be written as a whole: write the Scores and the values of its members")


def line_validity(batch: Batch[Line], outcome: Outcome) -> list[bool]:
    """Whether each line of the batch could be taken, in the order of the log."""
    if not outcome.dead_letters:
        return [True] * len(batch.lines)
    bad = {(letter.offset, letter.line) for letter in outcome.dead_letters}
    return [place not in bad for place in sorted(bad.union(position[1:3] for position, _, _ in batch.lines))]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class _States(dict[Key, State | float | None], Generic[State]):
    """States decoded when first asked for; what is not there is None. Of a family it is known who belongs to it now."""

    def __init__(self, decode: Callable[[bytes], State], loaded: LoadedState) -> None:
        super().__init__()
        self._decode = decode
        self._values: Mapping[str, bytes] = loaded.values
        self._scores = loaded.scores
        self._families = loaded.groups

    def apply(self, changes: Changes[State]) -> None:
        """What the lines after this one see."""
        self.update(changes)
        if self._families:
            for key, score in changes.items():
                if isinstance(key, SortedSetMember) and key.board in self._families:
                    self._update_group(key, score)  # type: ignore[arg-type] # a score's state is a float

    def _update_group(self, key: SortedSetMember, score: float | None) -> None:
        if score is None:
            self._families[key.board].pop(key.member, None)
        else:
            self._families[key.board][key.member] = score

    def _group_members(self, family: StateGroup) -> tuple[str, ...]:
        scores = self._families[family.board]
        return tuple(sorted(scores, key=lambda member: (scores[member], member)))

    def __missing__(self, key: Key) -> State | float | None:
        if isinstance(key, StateGroup):  # not kept: who belongs to it changes from line to line
            return self._group_members(key)  # type: ignore[return-value] # read by `members`
        if isinstance(key, str):
            raw = self._values.get(key)
            found = self._decode(raw) if raw is not None else None
        else:
            found = self._scores.get(key)  # type: ignore[arg-type, assignment] # a Score is a (board, member) pair
        self[key] = found
        return found
