"""Runs a process of reward-dispatcher: `python -m reward_dispatcher http | worker`, or `fold` and the names of its folds."""

import sys

from referral.config import ConfigError, Settings
from referral.fold.fold_table import AnyFold, FoldTable
from referral.telemetry.process import set_up_telemetry

USAGE = "usage: python -m reward_dispatcher http | worker | fold decide|ledger|pools|prizes|deliveries …"


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
        case ["worker"]:
            _worker(settings)
        case _:
            sys.exit(USAGE)


def _http(settings: Settings) -> None:
    from referral.http.serve import serve

    serve("reward_dispatcher.http_api.app:app", settings)


def _fold(names: list[str], settings: Settings) -> None:
    from referral.fold.fold_process import run_named_folds

    run_named_folds("reward-dispatcher", names, FOLDS, settings)


def _decide(settings: Settings) -> AnyFold:
    from reward_dispatcher.folds.decide_fold import DecideFold

    return DecideFold(settings.key_ring().newest("codes").id)


def _ledger(settings: Settings) -> AnyFold:
    from reward_dispatcher.folds.ledger_fold import LedgerFold
    from reward_dispatcher.sealed_codes import CodeSealer

    codes = CodeSealer(settings.key_ring())
    return LedgerFold(codes.generate, codes)


def _pools(settings: Settings) -> AnyFold:
    from reward_dispatcher.folds.pools_fold import PoolsFold
    from reward_dispatcher.sealed_codes import CodeSealer

    return PoolsFold(CodeSealer(settings.key_ring()))


def _prizes(settings: Settings) -> AnyFold:
    from reward_dispatcher.folds.prizes_fold import PrizesFold

    return PrizesFold(settings.key_ring().newest("codes").id)


def _deliveries(_: Settings) -> AnyFold:
    from reward_dispatcher.folds.deliveries_fold import DeliveriesFold

    return DeliveriesFold()


FOLDS: FoldTable = {"decide": _decide, "ledger": _ledger, "pools": _pools, "prizes": _prizes, "deliveries": _deliveries}


def _worker(settings: Settings) -> None:
    from reward_dispatcher.delivery.worker import run

    set_up_telemetry("reward-dispatcher/worker", settings)
    run(settings)


if __name__ == "__main__":
    main(sys.argv[1:])
