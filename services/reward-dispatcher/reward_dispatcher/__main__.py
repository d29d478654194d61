"""Runs a process of reward-dispatcher: `python -m reward_dispatcher http | fold decide|ledger|pools|prizes|deliveries | worker`."""

import sys
from typing import Literal, assert_never

from referral.config import ConfigError, Settings
from referral.telemetry.process import set_up_telemetry

USAGE = "usage: python -m reward_dispatcher http | fold decide|ledger|pools|prizes|deliveries | worker"


def main(arguments: list[str]) -> None:
    """Runs the process that the arguments name until SIGTERM. Exits with a message if arguments or settings are invalid."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    match arguments:
        case ["http"]:
            _http(settings)
        case ["fold", "decide" | "ledger" | "pools" | "prizes" | "deliveries" as name]:
            _fold(name, settings)
        case ["worker"]:
            _worker(settings)
        case _:
            sys.exit(USAGE)


def _http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("reward_dispatcher.http_api.app:app", settings)


def _fold(name: Literal["decide", "ledger", "pools", "prizes", "deliveries"], settings: Settings) -> None:
    from referral.fold.worker import run_fold
    from reward_dispatcher.folds.decide_fold import DecideFold
    from reward_dispatcher.folds.deliveries_fold import DeliveriesFold
    from reward_dispatcher.folds.ledger_fold import LedgerFold
    from reward_dispatcher.folds.pools_fold import PoolsFold
    from reward_dispatcher.folds.prizes_fold import PrizesFold
    from reward_dispatcher.sealed_codes import CodeSealer

    set_up_telemetry(f"reward-dispatcher/{name}", settings)
    ring = settings.key_ring()
    codes = CodeSealer(ring)
    match name:
        case "decide":
            run_fold(DecideFold(ring.newest("codes").id), settings)
        case "ledger":
            run_fold(LedgerFold(codes.generate, codes), settings)
        case "pools":
            run_fold(PoolsFold(codes), settings)
        case "prizes":
            run_fold(PrizesFold(ring.newest("codes").id), settings)
        case "deliveries":
            run_fold(DeliveriesFold(), settings)
        case _:
            assert_never(name)


def _worker(settings: Settings) -> None:
    from reward_dispatcher.delivery.worker import run

    set_up_telemetry("reward-dispatcher/worker", settings)
    run(settings)


if __name__ == "__main__":
    main(sys.argv[1:])
