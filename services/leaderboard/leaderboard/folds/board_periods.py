"""Which boards a second counts on: those of its day, week, month, of all time, and of the campaign."""

from leaderboard.domain.periods import windows
from leaderboard.domain.tally import QUARTER_S
from leaderboard.folds import state_keys
from leaderboard.folds.campaigns import campaign_of
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric

Boards = tuple[tuple[str, ...], tuple[tuple[int, int], ...]]
"""The sorted sets of boards, and their windows, each [start_s, end_s)."""
_CACHE_SIZE = 4096


class BoardPeriods:
    """Caches the boards of a quarter of an hour: they are the same for all of its seconds."""

    def __init__(self, time_zones: ProgramTimeZones) -> None:
        self._time_zones = time_zones
        self._cache: dict[tuple[BoardMetric, str, int, ReferrerKind], Boards] = {}

    def boards_at(self, metric: BoardMetric, program: str, second: int, kind: ReferrerKind, catalog: Catalog) -> Boards:
        """Returns the boards that contain a second. Raises LookupError for a program that the catalog lacks."""
        cache_key = metric, program, second // QUARTER_S, kind
        boards = self._cache.get(cache_key)
        if boards is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            zone = self._time_zones.zone_of(program, catalog)
            found, campaign = [*windows(second, zone)], campaign_of(program, zone, catalog)
            found += [campaign] if campaign and campaign.contains(second) else []
            keys = tuple(state_keys.board(program, metric, window.name, kind) for window in found)
            boards = self._cache[cache_key] = keys, tuple((window.start_s, window.end_s) for window in found)
        return boards
