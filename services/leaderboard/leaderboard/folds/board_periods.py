"""Which boards a second counts on: those of its day, week, month, of all time, and of the campaign."""

from leaderboard.domain.periods import PERIODS, windows
from leaderboard.domain.tally import QUARTER_S
from leaderboard.folds import state_keys
from leaderboard.folds.campaigns import campaign_of
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric

Boards = tuple[tuple[str, ...], tuple[tuple[int, int], ...]]
"""The sorted sets of boards, and their windows, each [start_s, end_s)."""
_CACHE_SIZE = 16_384  # quarters: two months of two programs and metrics


class BoardPeriods:
    """Caches the boards of a quarter of an hour: they are the same for all of its seconds. Quarters of a day share them."""

    def __init__(self, time_zones: ProgramTimeZones) -> None:
        self._time_zones = time_zones
        self._cache: dict[tuple[BoardMetric, str, int, ReferrerKind], Boards] = {}
        self._of_days: dict[tuple[BoardMetric, str, str, ReferrerKind, bool], Boards] = {}

    def boards_at(self, metric: BoardMetric, program: str, second: int, kind: ReferrerKind, catalog: Catalog) -> Boards:
        """Returns the boards that contain a second. Raises LookupError for a program that the catalog lacks."""
        cache_key = metric, program, second // QUARTER_S, kind
        boards = self._cache.get(cache_key)
        if boards is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
                self._of_days.clear()
            boards = self._cache[cache_key] = self._boards(metric, program, second, kind, catalog)
        return boards

    def _boards(self, metric: BoardMetric, program: str, second: int, kind: ReferrerKind, catalog: Catalog) -> Boards:
        zone = self._time_zones.zone_of(program, catalog)
        found, campaign = [*windows(second, zone)], campaign_of(program, zone, catalog)
        found += [campaign] if campaign and campaign.contains(second) else []
        day_key = metric, program, found[0].name, kind, len(found) > len(PERIODS)
        boards = self._of_days.get(day_key)
        if boards is None:
            keys = tuple(state_keys.board(program, metric, window.name, kind) for window in found)
            boards = self._of_days[day_key] = keys, tuple((window.start_s, window.end_s) for window in found)
        return boards
