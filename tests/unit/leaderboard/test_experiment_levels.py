"""The levels of running experiments: people, alarms and decisions, of a bounded number of them."""

from collections.abc import Iterable

from msgspec.structs import replace

from leaderboard.domain.experiment_sums import DecidedVariant, ExperimentSums, VariantSums
from leaderboard.experiment_levels import MAX_EXPERIMENTS, REFRESH_MS, ExperimentLevels
from leaderboard.experiment_store import ExperimentState
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion
from referral.events.timestamps import to_ms
from tests.support.builders.experiments import (
    EXPERIMENT,
    EXPERIMENT_VERSION,
    ITEM,
    PROGRAM_WITH_EXPERIMENT,
    sums_of_people,
)
from tests.support.builders.participants import PROGRAM, START

LABELS = (PROGRAM, "exp_cta1")


class States:
    """The states of experiments; undecided and without people where none is given."""

    def __init__(self, **states: ExperimentState) -> None:
        self.states = states

    def read(self, program: str, experiments: Iterable[str]) -> list[ExperimentState]:
        """As ExperimentStore."""
        return [self.states.get(name, ExperimentState(ExperimentSums(), None)) for name in experiments]


def levels(store: States, catalog: Catalog) -> dict[tuple[str, tuple[str, ...]], float]:
    """What is exported a day after the start."""
    return ExperimentLevels(store, catalog, lambda: to_ms(START) + 86_400_000).read()  # type: ignore[arg-type]


def state(tag: int, save: int, decided: str | None = None, multiple: int = 0) -> ExperimentState:
    """So many people of each variant."""
    sums = {
        "tag": replace(sums_of_people([(1, 10)] * tag), multiple=multiple),
        "save": sums_of_people([(1, 10)] * save) if save else VariantSums(),
    }
    return ExperimentState(ExperimentSums(sums, 1), DecidedVariant(decided, 1) if decided else None)


def test_a_healthy_experiment_has_people_and_no_alarm() -> None:
    """Split as the weights say."""
    assert levels(States(exp_cta1=state(101, 99)), Catalog([EXPERIMENT_VERSION])) == {
        ("experiment_people", LABELS): 200,
        ("experiment_decided", LABELS): 0,
        ("experiment_alarm", (*LABELS, "sample_ratio_mismatch")): 0,
        ("experiment_alarm", (*LABELS, "multiple_exposures")): 0,
    }


def test_each_alarm_and_the_decision_have_a_level_of_their_own() -> None:
    """People who are not split evenly; people who saw both; an experiment that has ended."""
    catalog = Catalog([EXPERIMENT_VERSION])
    mismatch = levels(States(exp_cta1=state(300, 100)), catalog)
    assert mismatch["experiment_alarm", (*LABELS, "sample_ratio_mismatch")] == 1
    multiple = levels(States(exp_cta1=state(100, 100, multiple=20)), catalog)
    assert multiple["experiment_alarm", (*LABELS, "multiple_exposures")] == 1
    assert multiple["experiment_alarm", (*LABELS, "sample_ratio_mismatch")] == 0
    assert levels(States(exp_cta1=state(100, 100, "tag")), catalog)["experiment_decided", LABELS] == 1


def test_a_decided_experiment_has_no_alarm() -> None:
    """Everyone new gets the decided variant, also people who saw the other one: that is wanted, and no one should be called."""
    found = levels(States(exp_cta1=state(600, 100, "tag", multiple=60)), Catalog([EXPERIMENT_VERSION]))
    assert {labels[2] for (name, labels), on in found.items() if name == "experiment_alarm" and not on} == {
        "sample_ratio_mismatch",
        "multiple_exposures",
    }


def programs(number: int) -> Catalog:
    """So many programs with an experiment each."""
    return Catalog(
        [
            replace(EXPERIMENT_VERSION, program=replace(PROGRAM_WITH_EXPERIMENT, id=f"prg_{index:04}"))
            for index in range(number)
        ]
    )


def test_at_most_a_hundred_experiments_have_levels() -> None:
    """Otherwise every program would add series to each scrape."""
    found = levels(States(), programs(MAX_EXPERIMENTS + 50))
    assert len({labels[:2] for _, labels in found}) == MAX_EXPERIMENTS


def test_an_experiment_that_the_program_no_longer_has_loses_its_levels_soon() -> None:
    """The list is made again every few minutes."""
    now_ms, without = [to_ms(START)], replace(PROGRAM_WITH_EXPERIMENT, content=(replace(ITEM, experiment=None),))
    later = ProgramVersion(recorded_at=START, program=without, version=2, effective_from=START.replace(hour=1))
    reader = ExperimentLevels(States(), Catalog([EXPERIMENT_VERSION, later]), lambda: now_ms[0])  # type: ignore[arg-type]
    assert {labels[1] for _, labels in reader.read()} == {EXPERIMENT.id}
    now_ms[0] += max(REFRESH_MS, 3_600_000)
    assert reader.read() == {}
