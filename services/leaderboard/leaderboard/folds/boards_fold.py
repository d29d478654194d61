"""Conversions → boards: every referrer's place by day, week, month and all time. State: each referrer's bag of
moments.

Scores are written, never read: a place is a function of the bag alone, so a fold that begins again from nothing gives
byte-equal boards. All four periods are kept whatever the program shows, so that a board it adds later is right from
the start. Partners and followers are ranked apart; which of them a referrer is, each line says.
"""

from collections.abc import Mapping, Sequence

from leaderboard.domain.periods import windows
from leaderboard.domain.score import add, load_seconds, remove, scores
from leaderboard.folds import state_keys
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.conversions import ConversionCleared, ConversionLine, ConversionReversed
from referral.events.line import ClockTicked
from referral.fold.fold import Decision, Key, Position, SortedSetMember
from referral.topics import CONVERSIONS, Topic

Boards = tuple[tuple[str, ...], tuple[tuple[int, int], ...]]  # their keys, and [first second, the first after)
States = Mapping[Key, bytes | float | None]

_COUNTED = (ConversionCleared, ConversionReversed)
_QUARTER_S = 15 * 60
_CACHE_SIZE = 4096


class BoardsFold:
    """Cleared counts, reversed counts no more, held and rejected never did."""

    name = state_keys.BOARDS
    service = state_keys.SERVICE
    source: Topic = CONVERSIONS
    outputs: Sequence[Topic] = ()
    state: object = bytes

    def __init__(self) -> None:
        self._time_zones = ProgramTimeZones()
        self._cache: dict[tuple[str, int, ReferrerKind], Boards] = {}

    def keys(self, line: ConversionLine) -> Sequence[Key]:
        """The referrer's bag, under the participant's id: the boards follow from it."""
        return (line.referrer,) if isinstance(line, _COUNTED) else ()

    def decide(self, line: ConversionLine, states: States, catalog: Catalog, position: Position) -> Decision[bytes]:
        """The referrer's new bag and scores. Raises LookupError for a program the catalog lacks, or what never
        counted.
        """
        if not isinstance(line, _COUNTED):
            return Decision()
        referrer, state = line.referrer, states[line.referrer]
        bag = load_seconds(state if isinstance(state, bytes) else None)
        if isinstance(line, ConversionCleared):
            second = int(line.occurred_at.timestamp())
            add(bag, second)
        else:
            second = int(line.cleared_at.timestamp())
            remove(bag, second)
        changes: dict[Key, bytes | float | None] = {referrer: bag.tobytes() or None}
        boards, borders = self._boards(line.program, second, line.referrer_kind, catalog)
        for board, score in zip(boards, scores(bag, borders), strict=True):
            changes[SortedSetMember(board, referrer)] = score
        return Decision(changes)

    def on_timer(
        self, tick: ClockTicked, key: str, state: bytes, catalog: Catalog, position: Position
    ) -> Decision[bytes]:
        """Time by itself moves nobody: a new period is a new board."""
        return Decision()

    def _boards(self, program: str, second: int, kind: ReferrerKind, catalog: Catalog) -> Boards:
        """The boards that a moment counts in; the same for a quarter of an hour."""
        at = program, second // _QUARTER_S, kind
        boards = self._cache.get(at)
        if boards is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            found = windows(second, self._time_zones.zone_of(program, catalog))
            keys = tuple(state_keys.board(program, "referrals", one.name, kind) for one in found)
            boards = self._cache[at] = keys, tuple((one.start_s, one.end_s) for one in found)
        return boards
