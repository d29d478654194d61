"""Wires and runs the leaderboard: `python -m leaderboard http`, or `fold` and boards, growth, activity, closings or experiments."""

import sys

from referral.config import ConfigError, Settings
from referral.telemetry.process import set_up_telemetry

USAGE = (
    "usage: python -m leaderboard http | fold boards | fold growth | fold activity | fold closings | fold experiments"
)


def main(arguments: list[str]) -> None:
    """Runs the process that the arguments name until SIGTERM. Exits with a message if arguments or settings are invalid."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    match arguments:
        case ["http"]:
            _http(settings)
        case ["fold", "boards" | "growth" | "activity" | "closings" | "experiments" as name]:
            _fold(name, settings)
        case _:
            sys.exit(USAGE)


def _http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("leaderboard.http_api.app:app", settings)


def _fold(name: str, settings: Settings) -> None:
    """Runs a fold, and imports what it needs alone: experiments need scipy, which takes 100 MB."""
    from referral.fold.worker import run_fold

    set_up_telemetry(f"leaderboard/{name}", settings)
    match name:
        case "boards":
            from leaderboard.folds.boards_fold import BoardsFold

            run_fold(BoardsFold(settings.partitions), settings)
        case "growth":
            from leaderboard.folds.growth_fold import GrowthFold

            run_fold(GrowthFold(settings.partitions), settings)
        case "closings":
            from leaderboard.folds.closings_fold import ClosingsFold

            run_fold(ClosingsFold(), settings)
        case "experiments":
            from leaderboard.folds.experiments_fold import ExperimentsFold

            run_fold(ExperimentsFold(), settings)
        case _:
            from leaderboard.folds.activity_fold import ActivityFold

            run_fold(ActivityFold(settings.lateness_days, settings.partitions), settings)


if __name__ == "__main__":
    main(sys.argv[1:])
