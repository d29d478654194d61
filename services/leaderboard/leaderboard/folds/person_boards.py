"""Boards of what people do: the tally of each person and metric, and the scores that follow from it.

A banned person is on no board. What they do is still counted, so that everything is back when the ban is lifted.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from leaderboard.domain.board_metrics import BOARD_METRICS, CountingFold, metrics_of
from leaderboard.domain.tally import StoredTally, load_tally
from leaderboard.folds import state_keys
from leaderboard.folds.board_parts import CLOCK, BoardParts
from leaderboard.folds.board_periods import BoardPeriods
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.ids import person_digest
from referral.fold.fold import Key, RawMember

BoardChanges = dict[Key, StoredTally | float | None]
_KIND: ReferrerKind = "follower"  # events do not say who is a partner: everyone is on one board
_NOTHING = StoredTally()


class PersonBoards:
    """Writes the boards of the metrics of one fold."""

    def __init__(self, fold: CountingFold, periods: BoardPeriods, parts: BoardParts) -> None:
        self._metrics = metrics_of(fold)
        self._periods = periods
        self._parts = parts

    def tally_keys(self, program: str, person: str) -> list[str]:
        """The keys of a person's tallies of all metrics of the fold: for a ban."""
        return [state_keys.tally(metric, program, person) for metric in self._metrics]

    def count_keys(self, metrics: Iterable[BoardMetric], program: str, person: str) -> list[str]:
        """The keys of what counting a person on the boards of some metrics needs."""
        keys = [state_keys.tally(metric, program, person) for metric in metrics]
        return [*keys, CLOCK] if keys else []

    def count(
        self,
        metric: BoardMetric,
        program: str,
        person: str,
        changes: Iterable[tuple[int, int]],
        states: Mapping[Key, object],
        catalog: Catalog,
    ) -> BoardChanges:
        """Returns the tally after `changes` (seconds since the epoch, and by how much each count changes), and its scores.

        Boards that are not closed yet are registered to be. `states` are those of `count_keys`.
        """
        key = state_keys.tally(metric, program, person)
        stored = _stored_tally(states, key)
        tally = load_tally(BOARD_METRICS[metric].resolution, stored.times)
        boards: dict[str, tuple[int, int]] = {}
        registered: BoardChanges = {}
        for second, number in changes:
            tally.change(second, number)
            found, windows = self._periods.boards_at(metric, program, second, _KIND, catalog)
            boards.update(zip(found, windows, strict=True))
            registered.update(self._parts.registered(found, windows, states))
        after = StoredTally(tally.to_bytes(), stored.hidden)
        scores = [None] * len(boards) if stored.hidden else tally.scores(list(boards.values()))
        return {key: _or_none(after), **registered, **_members(boards, person, scores)}

    def set_hidden(
        self, program: str, person: str, hidden: bool, states: Mapping[Key, object], catalog: Catalog
    ) -> BoardChanges:
        """Returns the tallies of a person who is banned or no longer banned, and their scores on every board."""
        parts = (self._set_hidden(metric, program, person, hidden, states, catalog) for metric in self._metrics)
        return dict(chain.from_iterable(part.items() for part in parts))

    def _set_hidden(
        self,
        metric: BoardMetric,
        program: str,
        person: str,
        hidden: bool,
        states: Mapping[Key, object],
        catalog: Catalog,
    ) -> BoardChanges:
        key = state_keys.tally(metric, program, person)
        stored = _stored_tally(states, key)
        tally = load_tally(BOARD_METRICS[metric].resolution, stored.times)
        boards: dict[str, tuple[int, int]] = {}
        for second in tally.seconds():
            boards.update(zip(*self._periods.boards_at(metric, program, second, _KIND, catalog), strict=True))
        scores = [None] * len(boards) if hidden else tally.scores(list(boards.values()))
        return {key: _or_none(StoredTally(stored.times, hidden)), **_members(boards, person, scores)}


def _stored_tally(states: Mapping[Key, object], key: str) -> StoredTally:
    state = states[key]
    return state if isinstance(state, StoredTally) else _NOTHING


def _or_none(tally: StoredTally) -> StoredTally | None:
    return None if tally == _NOTHING else tally


def _members(boards: Iterable[str], person: str, scores: Iterable[float | None]) -> BoardChanges:
    member = person_digest(person)
    return {RawMember(board, member): score for board, score in zip(boards, scores, strict=True)}
