"""Wires and runs the leaderboard: `python -m leaderboard http`, or `fold` and the names of one or more of its folds."""

import sys

from referral.config import ConfigError, Settings
from referral.fold.fold_table import AnyFold, FoldTable

USAGE = "usage: python -m leaderboard http | fold boards|growth|activity|closings|experiments …"


def main(arguments: list[str]) -> None:
    """Runs the process that the arguments name until SIGTERM. Exits with a message if arguments or settings are invalid."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    match arguments:
        case ["http"]:
            _http(settings)
        case ["fold", *names] if names and {*names} <= FOLDS.keys():
            _fold(names, settings)
        case _:
            sys.exit(USAGE)


def _http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("leaderboard.http_api.app:app", settings)


def _fold(names: list[str], settings: Settings) -> None:
    from referral.fold.fold_process import run_named_folds

    run_named_folds("leaderboard", names, FOLDS, settings)


def _boards(settings: Settings) -> AnyFold:
    from leaderboard.folds.boards_fold import BoardsFold

    return BoardsFold(settings.partitions)


def _growth(settings: Settings) -> AnyFold:
    from leaderboard.folds.growth_fold import GrowthFold

    return GrowthFold(settings.partitions)


def _activity(settings: Settings) -> AnyFold:
    from leaderboard.folds.activity_fold import ActivityFold

    return ActivityFold(settings.lateness_days, settings.partitions)


def _closings(_: Settings) -> AnyFold:
    from leaderboard.folds.closings_fold import ClosingsFold

    return ClosingsFold()


def _experiments(_: Settings) -> AnyFold:
    from leaderboard.folds.experiments_fold import ExperimentsFold

    return ExperimentsFold()


FOLDS: FoldTable = {
    "boards": _boards,
    "growth": _growth,
    "activity": _activity,
    "closings": _closings,
    "experiments": _experiments,
}
"""Each imports what it needs alone: experiments need scipy, which takes 100 MB."""

if __name__ == "__main__":
    main(sys.argv[1:])
