"""Exposures of people to experiments: what the activity fold stores of them, and the line that measures a person's window."""

from leaderboard.domain.exposure import Exposure, measure
from leaderboard.folds import state_keys
from referral.catalog.view import Catalog
from referral.events.content import Experiment, experiment_of
from referral.events.experiments import MAX_EXPERIMENTS, ExperimentMeasured, ExperimentPersonBanned, experiment_line_key
from referral.events.facts import ContentShared, ContentShown, PersonBanned, PersonUnbanned
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Timer
from referral.topics import STANDINGS

_DAY_S = DAY_MS // 1000


def exposure_keys(line: ContentShown | ContentShared) -> tuple[str, ...]:
    """The exposure that an event may belong to: none if it names no content item."""
    content = line.data.content
    return (state_keys.exposure(line.program, content, line.person),) if content else ()


def with_event(line: ContentShown | ContentShared, before: object, catalog: Catalog) -> Decision[Exposure]:
    """Returns the exposure with an event that was not counted before.

    A window that was measured already is measured again: the new line replaces the one before.
    """
    content, occurred_ms = line.data.content, to_ms(line.occurred_at)
    experiment = experiment_at(catalog, line.program, content, occurred_ms) if content else None
    if content is None or experiment is None:
        return Decision()
    key = state_keys.exposure(line.program, content, line.person)
    exposure = _exposure_to(experiment.id, before, occurred_ms // 1000)
    after = _add(exposure, line, experiment, occurred_ms // 1000) if exposure else None
    if after is None or after == before:
        return Decision()
    changes: dict[Key, Exposure | float | None] = {key: after}
    if after.is_measured:
        return Decision(changes, _measured_line(key, after, experiment, line))
    first_s = after.start_s if after.start_s is not None else after.shares[0]
    changes[Timer(key)] = float(first_s * 1000 + experiment.window_days * DAY_MS)
    return Decision(changes)


def on_window_end(
    tick: ClockTicked, key: str, exposure: Exposure, catalog: Catalog, lateness_ms: int
) -> Decision[Exposure]:
    """Returns the line that measures a window that is over; and what is left of the state once events are too late."""
    if exposure.start_s is None:
        return Decision({key: None})  # shares of someone who saw no variant
    program, content, _ = state_keys.exposed_person(key) or ("", "", "")
    experiment = experiment_at(catalog, program, content, exposure.start_s * 1000)
    if experiment is None or exposure.is_measured:
        return Decision({key: Exposure(exposure.experiment, is_measured=True, is_closed=True)})
    measured = Exposure(exposure.experiment, exposure.shown, exposure.shares, is_measured=True)
    too_late = float(exposure.start_s * 1000 + experiment.window_days * DAY_MS + lateness_ms)
    return Decision({key: measured, Timer(key): too_late}, _measured_line(key, measured, experiment, tick))


def experiment_at(catalog: Catalog, program: str, content: str, at_ms: int) -> Experiment | None:
    """The experiment of a content item by the rules that were in force at a time (ms)."""
    version = catalog.program_at(program, at_ms)
    return experiment_of(version.program.content, content) if version else None


def _exposure_to(experiment: str, before: object, second: int) -> Exposure | None:
    """The exposure to add to; None for an event of an experiment that another one has replaced."""
    if not isinstance(before, Exposure):
        return Exposure(experiment)
    if before.experiment == experiment:
        return before
    is_later = before.is_closed or before.start_s is None or second >= before.start_s
    return Exposure(experiment) if is_later else None


def _add(
    exposure: Exposure, line: ContentShown | ContentShared, experiment: Experiment, second: int
) -> Exposure | None:
    match line:
        case ContentShared():
            return exposure.with_share(second)
        case ContentShown():
            variant = line.data.cta
            return exposure.with_impression(second, variant) if variant in experiment.variants else None


def _measured_line(
    key: str, exposure: Exposure, experiment: Experiment, cause: ClockTicked | ContentShown | ContentShared
) -> list[Output]:
    program, _, person = state_keys.exposed_person(key) or ("", "", "")
    measured = measure(exposure, experiment.window_days * _DAY_S)
    if measured is None:
        return []
    line = ExperimentMeasured(
        occurred_at=cause.occurred_at,
        program=program,
        experiment=exposure.experiment,
        person=person,
        variant=measured.variant,
        window_start=to_datetime(measured.start_s * 1000),
        window_end=to_datetime(measured.end_s * 1000),
        shown=measured.shown,
        shares=measured.shares,
        variants=measured.variants,
    )
    return [Output(STANDINGS, line, key=experiment_line_key(line))]


def ban_outputs(line: PersonBanned | PersonUnbanned, catalog: Catalog) -> list[Output]:
    """The line that takes a person out of the sums of all experiments that the program has had, or back; none without any."""
    items = (item for version in catalog.versions(line.program) for item in version.program.content)
    known = sorted({item.experiment.id for item in items if item.experiment is not None})
    if not known:
        return []
    out = ExperimentPersonBanned(
        occurred_at=line.occurred_at,
        program=line.program,
        person=line.person,
        experiments=tuple(known[:MAX_EXPERIMENTS]),
        banned=isinstance(line, PersonBanned),
    )
    return [Output(STANDINGS, out, key=experiment_line_key(out))]
