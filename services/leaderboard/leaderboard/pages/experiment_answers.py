"""What the experiments of a program show, in words, for the growth page."""

from dataclasses import dataclass

from leaderboard.domain.experiment_analysis import analyse
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages.experiment_texts import answer
from leaderboard.pages.growth_cards import number
from referral.events.program import Program
from referral.pages.languages import gettext, language

MAX_ANSWERS = 10


@dataclass(frozen=True, slots=True)
class ExperimentAnswer:
    """An experiment by its id, its answer, and over how many people it was found."""

    id: str
    answer: str
    people: str


def experiment_answers(program: Program) -> list[ExperimentAnswer]:
    """Returns the answers of a program's experiments, in the order of its file, the first ten. Raises redis's errors."""
    declared = [(item, item.experiment) for item in program.content if item.experiment is not None][:MAX_ANSWERS]
    states = dependencies().experiments.read(program.id, [experiment.id for _, experiment in declared])
    found = []
    for (item, experiment), state in zip(declared, states, strict=True):
        analysis = analyse(experiment, state.sums)
        text = answer(item, experiment, analysis, state.decided.variant if state.decided else None, language())
        people = gettext("over %(number)s people", number=number(analysis.people))
        found.append(ExperimentAnswer(experiment.id, text, people))
    return found
