"""What the fork server imports before it forks: the modules of all processes. Importing this module freezes them.

`gc.freeze` takes what exists out of the garbage collector's reach: it would write into every page, which then is no longer shared.
Faust is not among them: one process uses it.
"""

import gc
from importlib import import_module

_MODULES = (
    "conversion_tracker.app",
    "conversion_tracker.attribution.fold",
    "conversion_tracker.screening.fold",
    "leaderboard.folds.activity_fold",
    "leaderboard.folds.boards_fold",
    "leaderboard.folds.closings_fold",
    "leaderboard.folds.experiments_fold",
    "leaderboard.folds.growth_fold",
    "leaderboard.http_api.app",
    "link_issuer.http_api.app",
    "referral.fold.fold_process",
    "referral.http.health",
    "referral.http.ops_server",
    "referral.http.serve",
    "referral.telemetry.process",
    "reward_dispatcher.folds.decide_fold",
    "reward_dispatcher.folds.deliveries_fold",
    "reward_dispatcher.folds.ledger_fold",
    "reward_dispatcher.folds.pools_fold",
    "reward_dispatcher.folds.prizes_fold",
    "reward_dispatcher.http_api.app",
)

gc.disable()
for _module in _MODULES:
    import_module(_module)
gc.collect()
gc.freeze()
gc.enable()
