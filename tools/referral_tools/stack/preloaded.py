"""What the fork server loads before it forks: modules and languages of all processes. Importing this module freezes them.

`gc.freeze` takes what exists out of the garbage collector's reach: it would write into every page, which then is no longer shared.
Faust is not among them: one process uses it. The free slots among the imported objects are filled first: a process would put its
own objects there, and each would make a page its own.
"""

import gc
import sys
from importlib import import_module

from babel import Locale

from referral.pages.catalogues import catalogue
from referral.pages.languages import LOCALES

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

# Of CPython's allocator: https://docs.python.org/3/c-api/memory.html#the-pymalloc-allocator
_SLOT_SIZES = range(48, 513, 16)
_POOL_BYTES = 16 * 1024 - 48  # without its header
_MAX_SLOTS = 20_000  # of a size; about 8,500 were free


def _fill_free_slots(size: int) -> list[bytes]:
    """Objects in all slots of a size that imports left free: after those, objects are side by side for a whole pool."""
    filler = size - sys.getsizeof(b"")
    made, adjacent = [bytes(filler)], 0
    while adjacent < _POOL_BYTES // size - 1 and len(made) < _MAX_SLOTS:
        made.append(bytes(filler))
        adjacent = adjacent + 1 if id(made[-1]) - id(made[-2]) == size else 0
    return made


def _load_languages() -> None:
    """What each service would load for its first page: formats of dates and numbers, and translations."""
    for name in LOCALES.values():
        found = Locale.parse(name)
        _ = found.number_symbols  # read from a file at the first look-up
        catalogue(found.language)


gc.disable()
for _module in _MODULES:
    import_module(_module)
_load_languages()
gc.collect()
_fillers = [_fill_free_slots(size) for size in _SLOT_SIZES]
gc.freeze()
gc.enable()
