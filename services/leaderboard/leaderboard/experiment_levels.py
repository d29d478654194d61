"""What the running experiments of all programs show, as levels for the exporter: for dashboards and alerts."""

from collections.abc import Iterator

from leaderboard.domain.experiment_analysis import analyse
from leaderboard.experiment_store import ExperimentStore
from referral.catalog.view import Catalog
from referral.events.content import Experiment
from referral.telemetry.level_exporter import Levels

MAX_EXPERIMENTS = 100
"""So that neither the metrics nor their cost grow with the number of programs; experiments beyond it have none."""


def read_experiment_levels(store: ExperimentStore, catalog: Catalog, now_ms: int) -> Levels:
    """Returns for each experiment how many people count, whether an alarm is on, and whether it is decided."""
    levels: Levels = {}
    for program, experiments in _running(catalog, now_ms):
        for experiment, state in zip(experiments, store.read(program, [one.id for one in experiments]), strict=True):
            analysis, labels = analyse(experiment, state.sums), (program, experiment.id)
            levels["experiment_people", labels] = float(analysis.people)
            levels["experiment_decided", labels] = float(state.decided is not None)
            levels["experiment_alarm", (*labels, "sample_ratio_mismatch")] = float(analysis.has_sample_ratio_mismatch)
            levels["experiment_alarm", (*labels, "multiple_exposures")] = float(analysis.has_multiple_exposures)
    return levels


def _running(catalog: Catalog, now_ms: int) -> Iterator[tuple[str, list[Experiment]]]:
    """The experiments of the program versions in force, MAX_EXPERIMENTS in all, by program."""
    left = MAX_EXPERIMENTS
    for program in catalog.programs():
        version = catalog.program_at(program, now_ms)
        content = version.program.content if version else ()
        experiments = [item.experiment for item in content if item.experiment is not None][:left]
        left -= len(experiments)
        if experiments:
            yield program, experiments
        if not left:
            return
