"""What the running experiments of all programs show, as levels for the exporter: for dashboards and alerts."""

from collections.abc import Callable, Iterator

from leaderboard.domain.experiment_analysis import analyse
from leaderboard.experiment_store import ExperimentStore
from referral.catalog.view import Catalog
from referral.events.content import Experiment
from referral.telemetry.level_exporter import Levels

MAX_EXPERIMENTS = 100
"""So that neither the metrics nor their cost grow with the number of programs; experiments beyond it have none."""
REFRESH_MS = 300_000
"""How long the list of running experiments is used: it takes a look at every program."""


class ExperimentLevels:
    """Reads the levels of the experiments of the program versions in force. Belongs to one thread."""

    def __init__(self, store: ExperimentStore, catalog: Catalog, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._catalog = catalog
        self._now_ms = now_ms
        self._running: list[tuple[str, list[Experiment]]] = []
        self._listed_ms: int | None = None

    def read(self) -> Levels:
        """Returns for each experiment how many people count, whether an alarm is on, and whether it is decided.

        A decided experiment has no alarm: from then on everyone new gets one variant, as some people do who had another before.
        """
        levels: Levels = {}
        for program, experiments in self._experiments():
            states = self._store.read(program, [one.id for one in experiments])
            for experiment, state in zip(experiments, states, strict=True):
                analysis, labels = analyse(experiment, state.sums), (program, experiment.id)
                runs = state.decided is None
                mismatch, multiple = analysis.has_sample_ratio_mismatch, analysis.has_multiple_exposures
                levels["experiment_people", labels] = float(analysis.people)
                levels["experiment_decided", labels] = float(state.decided is not None)
                levels["experiment_alarm", (*labels, "sample_ratio_mismatch")] = float(runs and mismatch)
                levels["experiment_alarm", (*labels, "multiple_exposures")] = float(runs and multiple)
        return levels

    def _experiments(self) -> list[tuple[str, list[Experiment]]]:
        now_ms = self._now_ms()
        if self._listed_ms is None or now_ms - self._listed_ms >= REFRESH_MS:
            self._running, self._listed_ms = list(_running(self._catalog, now_ms)), now_ms
        return self._running


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
