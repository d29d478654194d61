"""Pure decision step: a batch and its loaded states in, output lines and state changes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, cast

import msgspec
from msgspec.structs import force_setattr

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.rejected import LineRejected, LineRetried, RejectionReason
from referral.events.timestamps import to_ms
from referral.fold.batch import Batch, BatchReader
from referral.fold.batch_states import BatchStates, Changes
from referral.fold.fence import Fence
from referral.fold.fold import (
    Decision,
    Fold,
    FoldWithTimers,
    FoldWithTimerStates,
    Key,
    Measurement,
    Member,
    Output,
    Position,
    RawMember,
    SortedSetMember,
    StateGroup,
    Timer,
)
from referral.fold.repaired_rules import RepairedRules
from referral.fold.set_aside import (
    SetAsideLines,
    order_of,
    place_of,
    program_of_state,
    waiting_place,
)
from referral.fold.state_store import LoadedState, StateRequest
from referral.fold.waiting_lines import WaitingLines
from referral.log.errors import LogUnavailable
from referral.log.fold_producer import OutputLine
from referral.topics import REJECTED, Topic, partition_of

Line = TypeVar("Line")
State = TypeVar("State")

_MAX_DETAIL = 1000  # characters of an error that a dead letter repeats
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
    scores: dict[tuple[str, Member], float | None] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    output_counts: dict[type, int] = field(default_factory=dict)  # output lines of each type
    reason_counts: dict[tuple[type, str], int] = field(default_factory=dict)  # of them with each reason
    dead_letters: list[LineRejected] = field(default_factory=list)  # undecodable or undecidable lines
    skipped: int = 0  # lines that were applied before, by their cause
    set_aside: dict[str, SetAsideLines] = field(default_factory=dict)  # lines set aside, by program
    retries_done: int = 0  # retried lines that were decided
    retries_failed: int = 0  # retried lines that still wait


class Decider(Generic[Line, State]):
    """Decides batches of one fold. `partitions` returns the partition count of a topic."""

    def __init__(self, fold: Fold[Line, State], catalog: Catalog, partitions: Callable[[Topic], int]) -> None:
        self._fold = fold
        self._catalog = catalog
        self._partitions = partitions
        self._decode: Callable[[bytes], State] = msgspec.msgpack.Decoder(fold.state).decode
        self._reader: BatchReader[Line] = BatchReader(fold.name, fold.source.name, fold.source.lines)
        self._repairs = RepairedRules()
        self._waiting: WaitingLines[Line, State] = WaitingLines(fold)
        self._timers: FoldWithTimers[State] | None = fold if isinstance(fold, FoldWithTimers) else None
        self._timer_states: FoldWithTimerStates[State] | None = fold if isinstance(fold, FoldWithTimerStates) else None

    def state_request(self, batch: Batch[Line], set_aside: int = 0) -> StateRequest:
        """The states that the batch's lines need; `set_aside` is how many lines of the partition wait for a retry.

        If the keys of a line cannot be determined, the error is left to `decide`. There it becomes a dead letter, unless the line
        was applied before.
        """
        keys: dict[Key, None] = {}
        keys_of = self._fold.keys
        for position, line, _ in batch.lines:
            try:
                for key in keys_of(line):
                    keys[key] = None
            except Exception as error:  # noqa: BLE001 - as for a decision: one line must not stop the others
                batch.keys_errors[position] = error
        if set_aside or batch.retried or batch.retried_timers:
            keys.update(dict.fromkeys(self._waiting.keys(batch)))
        return _request(keys)

    def with_timer_states(
        self, batch: Batch[Line], due: LoadedState, load: Callable[[StateRequest], LoadedState]
    ) -> LoadedState:
        """The due states of the batch's tick with all that the decisions on them need; `load` reads the partition's states.

        If the fence has moved between two reads, the result has the new one: then the batch is not decided.
        """
        if self._timer_states is None or batch.tick is None or not due.due:
            return due
        requested: set[Key] = set(due.due)
        while missing := self._missing_keys(batch, due, requested):
            requested.update(missing)
            more = load(_request(dict.fromkeys(missing)))
            due.values |= more.values
            due.scores |= more.scores
            due.groups |= more.groups
            if more.fence != due.fence:
                due.fence = more.fence
                break
        return due

    def _missing_keys(self, batch: Batch[Line], loaded: LoadedState, requested: set[Key]) -> list[Key]:
        """The states that due timers name and that were not requested yet."""
        if self._timer_states is None or batch.tick is None:
            return []
        states = BatchStates(self._decode, loaded)
        named = (
            key
            for due in loaded.due
            for key in self._timer_states.timer_keys(batch.tick[1], due, states, self._catalog)
        )
        return [key for key in named if key not in requested]

    def tick_ms(self, batch: Batch[Line]) -> int:
        """The time of the batch's tick, milliseconds since the epoch; 0 without a tick."""
        return to_ms(batch.tick[1].occurred_at) if batch.tick else 0

    def decide(self, batch: Batch[Line], loaded: LoadedState, progress: PartitionProgress) -> Outcome:
        """Decides on every line in order. Raises LogUnavailable if the catalog could not be read."""
        outcome = Outcome(
            batch.partition, Fence(batch.last_offset, dict(progress.fence.causes), progress.fence.set_aside)
        )
        with self._catalog.reading():
            changes = (
                self._decide_tick(batch, loaded, outcome, progress)
                if batch.tick
                else self._decide_lines(batch, loaded, outcome, progress)
            )
        if self._timer_states is not None and progress.fence.offset < 0:
            for key, state in self._timer_states.first_timers.items():
                changes[key], changes[Timer(key)] = state, 0.0
        self._set_changes(changes, outcome)
        outcome.dead_letters += batch.rejected
        self._add_dead_letters(outcome, progress)
        return outcome

    def _decide_lines(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, progress: PartitionProgress
    ) -> Changes[State]:
        states = BatchStates(self._decode, loaded)
        changes: Changes[State] = {}
        take = outcome.fence.take
        for position, line, raw in batch.lines:
            cause = getattr(line, "cause", None)
            if batch.retried and position in batch.retried:
                cause, decision = None, self._decide_retried(position, line, batch, states, outcome)
            elif cause is not None and not take(cause):
                outcome.skipped += 1
                continue
            else:
                decision = self._decide_line(position, line, raw, batch, states, outcome)
            if decision is not None:
                states.apply(decision.changes)
                changes.update(decision.changes)
                self._add_outputs(decision.outputs, position, outcome, progress)
                _add_measurements(decision, position, outcome, progress)
        for position, retried in batch.retried_timers:
            changes |= self._restart_timer(position, retried, states, outcome)
        return changes

    def _decide_line(
        self,
        position: Position,
        line: Line,
        raw: bytes,
        batch: Batch[Line],
        states: BatchStates[State],
        outcome: Outcome,
    ) -> Decision[State]:
        if batch.keys_errors and position in batch.keys_errors:
            return self._set_aside(position, line, raw, _describe(batch.keys_errors[position]), outcome)
        if outcome.fence.set_aside and (earlier := self._waiting.earlier_line(line, states)):
            detail = f"the line at {earlier} (offset/line) was set aside and has a state in common with this one"
            return self._set_aside(position, line, raw, detail, outcome, "earlier_line_waits", states)
        try:
            return self._fold.decide(line, states, self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a line that no rule can process is set aside, and the others go on
            decided = self._try_line_corrected(line, states, position, position.recorded_at_ms, error)
        if isinstance(decided, Decision):
            return decided
        return self._set_aside(position, line, raw, _describe(decided), outcome, "decision_failed", states)

    def _try_line_corrected(
        self,
        line: Line,
        states: BatchStates[State],
        position: Position,
        recorded_at_ms: int,
        error: Exception,
    ) -> Decision[State] | Exception:
        """The decision by the corrected version of the line's program, if it was corrected before the time; otherwise the error."""
        return self._repairs.decide(
            lambda catalog: self._fold.decide(line, states, catalog, position),
            _program_of(line),
            recorded_at_ms,
            self._catalog,
            error,
        )

    def _decide_retried(
        self, position: Position, line: Line, batch: Batch[Line], states: BatchStates[State], outcome: Outcome
    ) -> Decision[State] | None:
        """The decision on a line that was set aside, as at its first position; None if it was decided before, or still waits."""
        retried = batch.retried[position]
        waiting = waiting_place(retried.offset, retried.line)
        if states[waiting] is None:
            outcome.skipped += 1
            return None
        decided: Decision[State] | Exception | None = None
        if position not in batch.keys_errors and self._waiting.is_first(waiting.member, line, states):
            first_position = Position(position.partition, retried.offset, retried.line, to_ms(retried.recorded_at))
            decided = self._decide_again(line, states, first_position, position.recorded_at_ms)
        if not isinstance(decided, Decision):
            outcome.retries_failed += 1
            return None
        decided.changes[waiting] = None
        for group in self._waiting.groups(line):
            decided.changes[SortedSetMember(group.sorted_set, waiting.member)] = None
        outcome.fence.set_aside -= 1
        outcome.retries_done += 1
        return decided

    def _decide_again(
        self, line: Line, states: BatchStates[State], position: Position, recorded_at_ms: int
    ) -> Decision[State] | Exception:
        """The decision as at a line's first position, by the rules that a line recorded now is decided by; or the error."""
        try:
            return self._fold.decide(line, states, self._catalog, position)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return self._try_line_corrected(line, states, position, recorded_at_ms, error)

    def _restart_timer(
        self, position: Position, retried: LineRetried, states: BatchStates[State], outcome: Outcome
    ) -> Changes[State]:
        """Sets the timer of a state that could not be decided again: the next tick decides it."""
        waiting = waiting_place(retried.offset, retried.line, retried.timer)
        if states[waiting] is None:
            outcome.skipped += 1
            return {}
        changes: Changes[State] = {waiting: None}
        if states[retried.timer] is not None:
            changes[Timer(retried.timer)] = float(position.recorded_at_ms)
        states.apply(changes)
        outcome.fence.set_aside -= 1
        outcome.retries_done += 1
        return changes

    def _decide_tick(
        self, batch: Batch[Line], loaded: LoadedState, outcome: Outcome, progress: PartitionProgress
    ) -> Changes[State]:
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        if not outcome.fence.take(tick.cause):
            outcome.skipped += 1
            return {}
        changes: Changes[State] = {Timer(key): None for key in loaded.due}
        states = BatchStates(self._decode, loaded)
        outputs = 0
        for key in loaded.due:
            decision = self._decide_timer(tick, key, position, outcome, states)
            states.apply(decision.changes)
            changes.update(decision.changes)
            self._add_outputs(decision.outputs, position, outcome, progress, first=outputs)
            _add_measurements(decision, position, outcome, progress)
            outputs += len(decision.outputs)
        self._forward_tick(batch, outcome, progress, outputs)
        return changes

    def _decide_timer(
        self,
        tick: ClockTicked,
        key: str,
        position: Position,
        outcome: Outcome,
        states: BatchStates[State],
    ) -> Decision[State]:
        """The decision on one due state. If no rule can process it, it loses its timer and stays as it is."""
        program = program_of_state(key)
        try:
            program = program or _program_of(states[key])
            return self._on_timer(tick, key, position, states, self._catalog)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as for a line
            decided = self._repairs.decide(
                lambda catalog: self._on_timer(tick, key, position, states, catalog),
                program,
                position.recorded_at_ms,
                self._catalog,
                error,
            )
        if isinstance(decided, Decision):
            return decided
        detail = f"timer of the state {key}: {_describe(decided)}"
        letter = self._reader.rejection(position, _json(tick), "decision_failed", detail, program, key)
        return self._remember(letter, {}, outcome)

    def _on_timer(
        self, tick: ClockTicked, key: str, position: Position, states: BatchStates[State], catalog: Catalog
    ) -> Decision[State]:
        if self._timer_states is not None:
            return self._timer_states.on_timer_with(tick, key, states, catalog, position)
        if self._timers is None:
            raise TypeError(f"the fold {self._fold.name} sets timers, and has neither on_timer nor on_timer_with")
        state = states[key]
        return (
            Decision() if state is None else self._timers.on_timer(tick, key, cast("State", state), catalog, position)
        )

    def _set_aside(
        self,
        position: Position,
        line: Line,
        raw: bytes,
        detail: str,
        outcome: Outcome,
        reason: RejectionReason = "decision_failed",
        states: BatchStates[State] | None = None,
    ) -> Decision[State]:
        """Makes a line a dead letter. If it belongs to a program, its place is remembered, so that it can be retried once.

        `states` are given if the keys of the line are known: then later lines of the same states can be kept behind it.
        """
        letter = self._reader.rejection(position, raw, reason, detail, _program_of(line))
        changes: Changes[State] = {}
        if states is not None and letter.program:
            order, place = order_of(position.offset, position.line), place_of(position.offset, position.line)
            changes = {SortedSetMember(group.sorted_set, place): order for group in self._waiting.groups(line)}
            states.add_waiting(changes)
        return self._remember(letter, changes, outcome)

    def _remember(self, letter: LineRejected, changes: Changes[State], outcome: Outcome) -> Decision[State]:
        outcome.dead_letters.append(letter)
        if not letter.program:
            return Decision()
        changes[waiting_place(letter.offset, letter.line, letter.timer)] = float(to_ms(letter.occurred_at))
        outcome.fence.set_aside += 1
        outcome.set_aside.setdefault(letter.program, SetAsideLines(letter)).count += 1
        return Decision(changes)

    def _forward_tick(self, batch: Batch[Line], outcome: Outcome, progress: PartitionProgress, outputs: int) -> None:
        """Sends the tick on to the next topics that have ticks, after the output lines that it led to."""
        position, tick = batch.tick  # type: ignore[misc] # only called with a tick
        source = self._fold.source
        downstream = [
            topic
            for topic in self._fold.outputs
            if topic is not source and topic.ticks and source.name not in topic.no_ticks_from
        ]
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
        previous: tuple[Topic | None, str] = None, ""  # the outputs of a line mostly have the same key
        counts = outcome.output_counts
        for number, (topic, line, key, partition) in enumerate(outputs, first):
            force_setattr(line, "cause", (source, source_partition, offset, line_number, number))
            if key is None:
                target = (partition or 0) % self._partitions(topic)
            elif topic is not previous[0] or key != previous[1]:
                previous, target = (topic, key), partition_of(key, self._partitions(topic))
            outcome.output_lines.append(OutputLine(topic.name, target, _json(line), alone))
            kind = type(line)
            counts[kind] = counts.get(kind, 0) + 1
            if reasons := getattr(line, "reasons", None):
                for reason in reasons:
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
            elif isinstance(key, SortedSetMember | RawMember):
                outcome.scores[key] = state  # type: ignore[assignment] # a member's state is its score
            else:
                raise TypeError(
                    f"{key} cannot be written as a whole: write SortedSetMember keys and the values of its members"
                )


def _add_measurements(
    decision: Decision[State], position: Position, outcome: Outcome, progress: PartitionProgress
) -> None:
    """Those of lines from before a wipe of the state were recorded then."""
    if decision.measurements and position.offset >= progress.produced_below:
        outcome.measurements.extend(decision.measurements)


def line_validity(batch: Batch[Line], outcome: Outcome) -> list[bool]:
    """Whether each line of the batch is valid: the ignored ones, then the others in the order of the log.

    False for a line that could not be decoded, or that no program is responsible for. A line that one program's rules cannot
    process says nothing about the others: it is set aside for that program.
    """
    ignored = [True] * batch.ignored
    if not outcome.dead_letters:
        return ignored + [True] * len(batch.lines)
    bad = {(letter.offset, letter.line) for letter in outcome.dead_letters if not letter.program}
    return ignored + [place not in bad for place in sorted(bad.union(position[1:3] for position, _, _ in batch.lines))]


def _request(keys: Mapping[Key, None]) -> StateRequest:
    """The request of states by their kind of key."""
    values = [key for key in keys if isinstance(key, str)]
    if len(values) == len(keys):
        return StateRequest(values)
    return StateRequest(
        values,
        [(key.sorted_set, key.member) for key in keys if isinstance(key, SortedSetMember | RawMember)],
        [(key.sorted_set, key.prefix, key.most, key.raw) for key in keys if isinstance(key, StateGroup)],
    )


def _program_of(line: object) -> str:
    program = getattr(line, "program", "")
    return program if isinstance(program, str) else ""


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MAX_DETAIL]
