"""Entry point of conversion-tracker: `python -m conversion_tracker http | fold attribute | fold screen`.

`python -m conversion_tracker replay` is internal: the HTTP service starts it as the worker process of a replay.
"""

import sys

from referral.config import ConfigError, Settings
from referral.telemetry.process import set_up_telemetry

USAGE = "usage: python -m conversion_tracker http | fold attribute | fold screen"


def main(arguments: list[str]) -> None:
    """Runs the HTTP service or a fold until SIGTERM. Exits with a message if the arguments or settings are invalid."""
    if arguments == ["replay"]:
        _run_replay_worker()
        return
    if arguments not in (["http"], ["fold", "attribute"], ["fold", "screen"]):
        sys.exit(USAGE)
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    if arguments == ["http"]:
        _serve_http(settings)
    else:
        _run_fold(arguments[1], settings)


def _run_replay_worker() -> None:
    from conversion_tracker.replay.worker import main as run_worker

    run_worker()


def _serve_http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("conversion_tracker.app:app", settings)


def _run_fold(name: str, settings: Settings) -> None:
    from conversion_tracker.attribution.fold import AttributeFold
    from conversion_tracker.screening.fold import ScreenFold
    from referral.fold.worker import run_fold
    from referral.tokens import TokenSigner

    set_up_telemetry(f"conversion-tracker/{name}", settings)
    if name == "attribute":
        run_fold(AttributeFold(TokenSigner(settings.key_ring()), settings.lateness_days), settings)
    else:
        run_fold(ScreenFold(), settings)


if __name__ == "__main__":
    main(sys.argv[1:])
