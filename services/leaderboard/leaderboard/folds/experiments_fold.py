"""Standings → experiments: the sums of each variant over people whose window is over, and the decision by the declared rule.

Each person's record is stored, so that what arrives later or is undone changes the sums by the difference: any order of a person's
lines gives the same sums, which are exact. Once a day each partition writes its sums (`experiment.summed`); the partition of the
experiment adds them up and decides. The bounds that decide are valid at any look, and for people in any order, so it does not
matter which partitions have written theirs.

What is known of a banned person stays stored, and is in no sums until the ban is lifted.
"""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from leaderboard.domain.activity import fingerprint
from leaderboard.domain.experiment_analysis import analyse, metric_sums, winner
from leaderboard.domain.experiment_sums import (
    BannedPerson,
    ExperimentLooks,
    ExperimentSums,
    Look,
    PersonRecord,
    chain_follow,
    change,
    from_totals,
    to_totals,
    total,
)
from leaderboard.domain.exposure import Measured
from leaderboard.folds import state_keys
from referral.catalog.view import Catalog
from referral.decided_experiments import decision_board
from referral.events.content import Experiment
from referral.events.experiments import (
    ExperimentDecided,
    ExperimentFollowed,
    ExperimentInvited,
    ExperimentMeasured,
    ExperimentPersonBanned,
    ExperimentSummed,
    ExperimentUnfollowed,
    experiment_line_key,
)
from referral.events.line import ClockTicked
from referral.events.standings import BoardPartsWritten, KeyedStanding, StandingLine
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, Timer
from referral.topics import STANDINGS, Topic

State = PersonRecord | BannedPerson | ExperimentSums | ExperimentLooks
States = Mapping[Key, State | float | None]
CountedLine = ExperimentMeasured | ExperimentFollowed | ExperimentUnfollowed | ExperimentInvited
_OF_PERSON = (ExperimentMeasured, ExperimentFollowed, ExperimentUnfollowed, ExperimentInvited)


class ExperimentsFold:
    """Sums by variant, and at most one `experiment.decided` for each experiment."""

    name = state_keys.EXPERIMENTS
    service = state_keys.SERVICE
    source: Topic = STANDINGS
    outputs: Sequence[Topic] = (STANDINGS,)
    ignored: Sequence[type[Struct]] = (*get_args(KeyedStanding), BoardPartsWritten, ExperimentDecided)
    state: object = State
    keeps_order = False

    def keys(self, line: StandingLine) -> Sequence[Key]:
        """The record of the person and the sums; for sums of a partition, those that were looked at last."""
        match line:
            case ExperimentMeasured() | ExperimentFollowed() | ExperimentUnfollowed() | ExperimentInvited():
                ban = state_keys.experiment_ban(line.program, line.person)
                return _person_key(line), state_keys.experiment_sums(line.program, line.experiment), ban
            case ExperimentPersonBanned():
                return _ban_keys(line)
            case ExperimentSummed():
                return (state_keys.experiment_looks(line.program, line.experiment),)
            case _:
                return ()

    def decide(self, line: StandingLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the new record and sums of a person, or the decision that the sums of a partition lead to."""
        if isinstance(line, _OF_PERSON):
            return _count(line, states, position)
        if isinstance(line, ExperimentPersonBanned):
            return _ban(line, states, position)
        return _look(line, states, catalog) if isinstance(line, ExperimentSummed) else Decision()

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Writes the sums of this partition, at the end of a day on which they changed."""
        sums = cast("ExperimentSums", state)
        program, experiment = state_keys.summed_experiment(key)
        line = ExperimentSummed(
            occurred_at=tick.occurred_at,
            program=program,
            experiment=experiment,
            partition=position.partition,
            since=to_datetime(sums.since_s * 1000),
            variants=to_totals(sums.variants),
        )
        return Decision(outputs=[Output(STANDINGS, line, key=experiment_line_key(line))])


def _count(line: CountedLine, states: States, position: Position) -> Decision[State]:
    sums_key = state_keys.experiment_sums(line.program, line.experiment)
    record, sums = states[_person_key(line)], states[sums_key]
    before = record if isinstance(record, PersonRecord) else PersonRecord()
    known = sums if isinstance(sums, ExperimentSums) else ExperimentSums()
    after = _applied(line, before)
    changes: dict[Key, State | float | None] = {_person_key(line): after if after != PersonRecord() else None}
    if states[state_keys.experiment_ban(line.program, line.person)] is None:
        changes |= _sums_changes(sums_key, known, change(known, before, after), position)
    return Decision(changes)


def _ban(line: ExperimentPersonBanned, states: States, position: Position) -> Decision[State]:
    """Takes the person out of all sums, or adds what is known of them again; a second ban changes nothing."""
    ban_key = state_keys.experiment_ban(line.program, line.person)
    if (states[ban_key] is not None) == line.banned:
        return Decision()
    decision: Decision[State] = Decision({ban_key: BannedPerson() if line.banned else None})
    for experiment in line.experiments:
        record = states[state_keys.experiment_person(line.program, experiment, line.person)]
        if isinstance(record, PersonRecord):
            sums_key = state_keys.experiment_sums(line.program, experiment)
            sums = states[sums_key]
            known = sums if isinstance(sums, ExperimentSums) else ExperimentSums()
            after = change(known, record, None) if line.banned else change(known, None, record)
            decision.changes |= _sums_changes(sums_key, known, after, position)
    return decision


def _sums_changes(
    key: str, known: ExperimentSums, after: ExperimentSums, position: Position
) -> dict[Key, State | float | None]:
    """The new sums, which are written at the end of the day."""
    if after == known:
        return {}
    return {key: after, Timer(key): float((position.recorded_at_ms // DAY_MS + 1) * DAY_MS)}


def _ban_keys(line: ExperimentPersonBanned) -> list[Key]:
    of_experiments = (
        key
        for experiment in line.experiments
        for key in (
            state_keys.experiment_person(line.program, experiment, line.person),
            state_keys.experiment_sums(line.program, experiment),
        )
    )
    return [state_keys.experiment_ban(line.program, line.person), *of_experiments]


def _applied(line: CountedLine, record: PersonRecord) -> PersonRecord:
    match line:
        case ExperimentMeasured():
            start_s, end_s = to_ms(line.window_start) // 1000, to_ms(line.window_end) // 1000
            measured = Measured(line.variant, start_s, end_s, line.shown, line.shares, line.variants)
            return replace(record, measured=measured)
        case ExperimentFollowed():
            return record.with_follow(chain_follow(line.referral, to_ms(line.followed_at) // 1000, line.variant))
        case ExperimentUnfollowed():
            return record.without_follow(fingerprint(line.referral))
        case ExperimentInvited():
            return record.with_invitation(fingerprint(line.referral), invited=line.invited)


def _look(line: ExperimentSummed, states: States, catalog: Catalog) -> Decision[State]:
    key = state_keys.experiment_looks(line.program, line.experiment)
    state, now_ms = states[key], to_ms(line.occurred_at)
    looks = state if isinstance(state, ExperimentLooks) else ExperimentLooks()
    sums = ExperimentSums(from_totals(line.variants), to_ms(line.since) // 1000)
    looks = looks.with_look(line.partition, Look(now_ms, sums))
    experiment = experiment_by_id(catalog, line.program, line.experiment, now_ms)
    decided = _decision(line, experiment, looks) if experiment and looks.decided is None else None
    if decided is None:
        return Decision({key: looks})
    return Decision(
        {
            key: looks.with_decision(decided.variant, now_ms),
            SortedSetMember(decision_board(line.program, line.experiment), decided.variant): float(now_ms),
        },
        [Output(STANDINGS, decided, key=experiment_line_key(decided))],
    )


def _decision(line: ExperimentSummed, experiment: Experiment, looks: ExperimentLooks) -> ExperimentDecided | None:
    if not experiment.automatic_end:
        return None
    sums = total(look.sums for look in looks.partitions.values())
    analysis = analyse(experiment, sums)
    best = winner(experiment, analysis, sums.since_s, to_ms(line.occurred_at) // 1000)
    if best is None:
        return None
    nearest = min(analysis.comparisons(best).values(), key=lambda uplift: uplift.value)
    return ExperimentDecided(
        occurred_at=line.occurred_at,
        program=line.program,
        experiment=line.experiment,
        metric=experiment.metric,
        variant=best,
        uplift=nearest.value,
        low=nearest.low,
        high=nearest.high,
        people=sum(metric_sums(experiment.metric, one).n for one in sums.variants.values()),
    )


def experiment_by_id(catalog: Catalog, program: str, experiment: str, at_ms: int) -> Experiment | None:
    """The experiment with an id by the rules that were in force at a time (ms)."""
    version = catalog.program_at(program, at_ms)
    declared = (item.experiment for item in version.program.content) if version else ()
    return next((one for one in declared if one and one.id == experiment), None)


def _person_key(line: CountedLine) -> str:
    return state_keys.experiment_person(line.program, line.experiment, line.person)
