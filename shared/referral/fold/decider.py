"""Pure decision step: a batch and its loaded states in, output lines and state changes out."""

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
    """How far a partition is: its fence, and the offset below which its output lines were already produced."""

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
    output_counts: dict[type, int] = field(default_factory=dict)  # output lines of each type
    reason_counts: dict[tuple[type, str], int] = field(default_factory=dict)  # of them with each reason
    dead_letters: list[LineRejected] = field(default_factory=list)  # undecodable or undecidable lines
    skipped: int = 0  # lines that were applied before, by their cause


class Decider(Generic[Line, State]):
    """Decides batches of one fold. `partitions` returns the partition count of a topic."""

    def __init__(self, fold: Fold[Line, State], catalog: Catalog, partitions: Callable[[Topic], int]) -> None:
        self._fold = fold
        self._catalog = catalog
        self._partitions = partitions
        self._decode: Callable[[bytes], State] = msgspec.msgpack.Decoder(fold.state).decode
        self._reader: BatchReader[Line] = BatchReader(fold.name, fold.source.name, fold.source.lines)

    def state_request(self, batch: Batch[Line]) -> StateRequest:
        """The states that the batch's lines need. If the keys of a line cannot be determined, the error is left to `decide`.

        There it becomes a dead letter, unless the line was applied before.
        """
        keys: dict[Key, None] = {}
        for position, line, _ in batch.lines:
            try:
                keys.update(dict.fromkeys(self._fold.keys(line)))
            except Exception as error:  # noqa: BLE001 - as for a decision: one line must not stop the others
                batch.keys_errors[position] = error
        return StateRequest(
            [key for key in keys if isinstance(key, str)],
            [(key.sorted_set, key.member) for key in keys if isinstance(key, SortedSetMember)],
            [(key.sorted_set, key.prefix) for key in keys if isinstance(key, StateGroup)],
        )

    def tick_ms(self, batch: Batch[Line]) -> int:
        """The time of the batch's tick, milliseconds since the epoch; 0 without a tick."""
        return to_ms(batch.tick[1].occurred_at) if batch.tick else 0

    def decide(self, batch: Batch[Line], loaded: LoadedState, progress: PartitionProgress) -> Outcome:
        """Decides on every line in order. Raises LogUnavailable if the catalog could not be read."""
        outcome = Outcome(batch.partition, Fence(batch.last_offset, dict(progress.fence.causes)))
        changes = (
            self._decide_tick(batch, loaded, outcome, progress)
            if batch.tick
            else self._decide_lines(batch, loaded, outcome, progress)
        )
        self._set_changes(changes, outcome)
        outcome.dead_letters += batch.rejected
        self._add_dead_letters(outcome, progress)
        return outcome

    def _decide_lines(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, progress: PartitionProgress
    ) -> Changes[State]:
        states, keys_errors = _BatchStates(self._decode, loaded), batch.keys_errors
        changes: Changes[State] = {}
        for position, line, raw in batch.lines:
            cause = getattr(line, "cause", None)
            if cause is not None and not outcome.fence.admits(cause):
                outcome.skipped += 1
                continue
            if keys_errors and position in keys_errors:
                self._set_aside(position, raw, _describe(keys_errors[position]), outcome)
            elif decision := self._decide_line(position, line, raw, states, outcome):
                states.apply(decision.changes)
                changes.update(decision.changes)
                self._add_outputs(decision.outputs, position, outcome, progress)
            if cause is not None:
                outcome.fence.advance(cause)
        return changes

    def _decide_line(
        self, position: Position, line: Line, raw: bytes, states: "_BatchStates[State]", outcome: Outcome
    ) -> Decision[State] | None:
        try:
            return self._fold.decide(line, states, self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a line that no rule can process is set aside, and the others go on
            self._set_aside(position, raw, _describe(error), outcome)
            return None

    def _decide_tick(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, progress: PartitionProgress
    ) -> Changes[State]:
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        if not outcome.fence.admits(tick.cause):
            outcome.skipped += 1
            return {}
        changes: Changes[State] = {Timer(key): None for key in loaded.values}
        outputs = 0
        for key, raw in loaded.values.items():
            decision = self._decide_timer(tick, key, raw, position, outcome)
            changes.update(decision.changes)
            self._add_outputs(decision.outputs, position, outcome, progress, first=outputs)
            outputs += len(decision.outputs)
        outcome.fence.advance(tick.cause)
        self._forward_tick(batch, outcome, progress, outputs)
        return changes

    def _decide_timer(
        self, tick: ClockTicked, key: str, raw: bytes, position: Position, outcome: Outcome
    ) -> Decision[State]:
        """The decision on one due state. If no rule can process it, it loses its timer and stays as it is."""
        try:
            return self._fold.on_timer(tick, key, self._decode(raw), self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as for a line
            self._set_aside(position, raw, f"timer of the state {key}: {_describe(error)}", outcome)
            return Decision()

    def _set_aside(self, position: Position, raw: bytes, detail: str, outcome: Outcome) -> None:
        outcome.dead_letters.append(self._reader.rejection(position, raw, "decision_failed", detail))

    def _forward_tick(self, batch: Batch[Line], outcome: Outcome, progress: PartitionProgress, outputs: int) -> None:
        """Sends the tick on to the next topics, after the output lines that it led to."""
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        downstream = [topic for topic in self._fold.outputs if topic is not self._fold.source]
        for number, topic in enumerate(downstream):
            forwarded = msgspec.structs.replace(tick)
            output = Output(topic, forwarded, partition=batch.partition)
            self._add_outputs([output], position, outcome, progress, first=outputs + number, alone=True)

    def _add_outputs(
        self,
        outputs: list[Output],
        position: Position,
        outcome: Outcome,
        progress: PartitionProgress,
        *,
        first: int = 0,
        alone: bool = False,
    ) -> None:
        """Encodes outputs with their cause. Those produced before a wipe of the state are not produced again."""
        if position.offset < progress.produced_below:
            return
        source, (source_partition, offset, line_number, _) = self._fold.source.name, position
        previous: tuple[Topic, str] | None = None  # the outputs of a line mostly have the same key
        for number, (topic, line, key, partition) in enumerate(outputs, first):
            force_setattr(line, "cause", (source, source_partition, offset, line_number, number))
            if key is None:
                target = partition or 0
            elif previous != (topic, key):
                previous, target = (topic, key), partition_of(key, self._partitions(topic))
            outcome.output_lines.append(OutputLine(topic.name, target, _json(line), alone))
            kind = type(line)
            outcome.output_counts[kind] = outcome.output_counts.get(kind, 0) + 1
            for reason in getattr(line, "reasons", ()):
                outcome.reason_counts[kind, reason] = outcome.reason_counts.get((kind, reason), 0) + 1

    def _add_dead_letters(self, outcome: Outcome, progress: PartitionProgress) -> None:
        """Dead letters are produced like outputs: those of before a wipe are on the log already."""
        new = (letter for letter in outcome.dead_letters if letter.offset >= progress.produced_below)
        outcome.output_lines.extend(OutputLine(REJECTED.name, 0, _json(letter)) for letter in new)

    def _set_changes(self, changes: Changes[State], outcome: Outcome) -> None:
        for key, state in changes.items():
            if isinstance(key, str):
                outcome.values[key] = None if state is None else _msgpack(state)
            elif isinstance(key, Timer):
                outcome.scores["timers", key.key] = state  # type: ignore[assignment] # a timer's state is a time
            elif isinstance(key, SortedSetMember):
                outcome.scores[key] = state  # type: ignore[assignment] # a member's state is its score
            else:
                raise TypeError(
                    f"{key} cannot be written as a whole: write SortedSetMember keys and the values of its members"
                )


def line_validity(batch: Batch[Line], outcome: Outcome) -> list[bool]:
    """Whether each line of the batch was processed, in the order of the log; False for a dead letter."""
    if not outcome.dead_letters:
        return [True] * len(batch.lines)
    bad = {(letter.offset, letter.line) for letter in outcome.dead_letters}
    return [place not in bad for place in sorted(bad.union(position[1:3] for position, _, _ in batch.lines))]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class _BatchStates(dict[Key, State | float | None], Generic[State]):
    """The states as the next line sees them, decoded at first use; None if there is none. A group's state is its members."""

    def __init__(self, decode: Callable[[bytes], State], loaded: LoadedState) -> None:
        super().__init__()
        self._decode = decode
        self._values: Mapping[str, bytes] = loaded.values
        self._scores = loaded.scores
        self._groups = loaded.groups

    def apply(self, changes: Changes[State]) -> None:
        """Makes the changes of a line visible to the lines after it."""
        self.update(changes)
        if self._groups:
            for key, score in changes.items():
                if isinstance(key, SortedSetMember) and key.sorted_set in self._groups:
                    self._update_group(key, score)  # type: ignore[arg-type] # a member's state is its score

    def _update_group(self, key: SortedSetMember, score: float | None) -> None:
        if score is None:
            self._groups[key.sorted_set].pop(key.member, None)
        else:
            self._groups[key.sorted_set][key.member] = score

    def _group_members(self, group: StateGroup) -> tuple[str, ...]:
        scores = self._groups[group.sorted_set]
        return tuple(sorted(scores, key=lambda member: (scores[member], member)))

    def __missing__(self, key: Key) -> State | float | None:
        if isinstance(key, StateGroup):  # not stored: its members change from line to line
            return self._group_members(key)  # type: ignore[return-value] # read by `group_members`
        if isinstance(key, str):
            raw = self._values.get(key)
            state = self._decode(raw) if raw is not None else None
        else:
            state = self._scores.get(key)  # type: ignore[arg-type, assignment] # its key is a (sorted set, member) pair
        self[key] = state
        return state
