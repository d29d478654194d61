"""Entry point of conversion-tracker: `python -m conversion_tracker http`, or `fold` and `attribute`, `screen` or both.

`python -m conversion_tracker replay` is internal: the HTTP service starts it as the worker process of a replay.
"""

import sys

from referral.config import ConfigError, Settings
from referral.fold.fold_table import AnyFold, FoldTable

USAGE = "usage: python -m conversion_tracker http | fold attribute|screen …"


def main(arguments: list[str]) -> None:
    """Runs the process that the arguments name until SIGTERM. Exits with a message if arguments or settings are invalid."""
    if arguments == ["replay"]:
        _run_replay_worker()
        return
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    match arguments:
        case ["http"]:
            _serve_http(settings)
        case ["fold", *names] if names and {*names} <= FOLDS.keys():
            _fold(names, settings)
        case _:
            sys.exit(USAGE)


def _run_replay_worker() -> None:
    from conversion_tracker.replay.worker import main as run_worker

    run_worker()


def _serve_http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("conversion_tracker.app:app", settings)


def _fold(names: list[str], settings: Settings) -> None:
    from referral.fold.fold_process import run_named_folds

    run_named_folds("conversion-tracker", names, FOLDS, settings)


def _attribute(settings: Settings) -> AnyFold:
    from conversion_tracker.attribution.fold import AttributeFold
    from referral.tokens import TokenSigner

    return AttributeFold(TokenSigner(settings.key_ring()), settings.lateness_days)


def _screen(_: Settings) -> AnyFold:
    from conversion_tracker.screening.fold import ScreenFold

    return ScreenFold()


FOLDS: FoldTable = {"attribute": _attribute, "screen": _screen}

if __name__ == "__main__":
    main(sys.argv[1:])
