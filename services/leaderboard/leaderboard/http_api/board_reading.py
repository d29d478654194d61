"""Parts of boards, as they are now or were at a time: what the routes of boards have in common."""

from dataclasses import dataclass
from datetime import datetime
from math import inf

from leaderboard.board_history import MAX_ENTRIES, BoardTooLarge
from leaderboard.board_store import BoardName, board_name
from leaderboard.domain.periods import Window
from leaderboard.domain.ranking import BoardEntry, BoardSlice, PartitionSlice, entries_after, entries_around
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import require_metric, require_period
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.ids import is_person_id, person_digest
from referral.http.context import context
from referral.http.paging import ListPosition, bad_cursor, decode_position, encode_position
from referral.http.problems import Problem

_FIRST = BoardEntry(-inf, b"")  # before every entry


@dataclass(frozen=True, slots=True)
class BoardRequest:
    """One board of a program in a period; `at`: as it was then, by what counts now."""

    program: str
    metric: BoardMetric
    kind: ReferrerKind
    window: Window
    at: datetime | None = None

    @property
    def board(self) -> BoardName:
        """The board as it is now."""
        return board_name(self.program, self.metric, self.window.name, self.kind)

    @property
    def cursor_name(self) -> str:
        """What cursors of its pages belong to."""
        return self.board.sorted_set + (f"@{self.at.timestamp():.0f}" if self.at else "")


def require_board(
    program: str, metric: str, period: str, kind: ReferrerKind = "follower", at: datetime | None = None
) -> BoardRequest:
    """Returns the board of a request. Raises Problem for an unknown program, metric or period, and for a time to come."""
    now_s = context().clock.now_ms() // 1000
    if at is not None and not 0 <= at.timestamp() <= now_s:
        detail = f"`at` must be a time between 1970 and now; got {at.isoformat()}."
        raise Problem(422, "invalid", detail, [{"pointer": "query:at", "detail": detail}])
    window = require_period(program, period, int(at.timestamp()) if at else now_s)
    return BoardRequest(program, require_metric(metric), kind, window, at)


def read_page(request: BoardRequest, limit: int, cursor: object) -> BoardSlice:
    """Returns the entries behind a cursor, or the first ones. Raises Problem for a cursor of another board."""
    position = decode_position(cursor, request.cursor_name)
    after = _entry_at(position) if position else None
    if request.at is not None:
        return entries_after([_at(request)], after or _FIRST, limit)
    boards = dependencies().boards
    return boards.after(request.board, after, limit) if after else boards.top(request.board, limit)


def _entry_at(position: ListPosition) -> BoardEntry:
    try:
        return BoardEntry.of(position.score, position.member)
    except ValueError:
        raise bad_cursor("Invalid cursor.") from None


def read_around(request: BoardRequest, person: str, reach: int) -> BoardSlice | None:
    """Returns a person's entry with `reach` entries on each side; None if they are not on the board."""
    if request.at is None:
        return dependencies().boards.around(request.program, request.board, person, reach)
    if not is_person_id(person):
        return None
    whole, member = _at(request), person_digest(person)
    me = next((entry for entry in whole.near if entry.member == member), None)
    return entries_around([whole], me, reach) if me else None


def read_total(request: BoardRequest) -> int:
    """Returns how many entries the board has."""
    return dependencies().boards.total(request.board) if request.at is None else _at(request).total


def next_cursor(request: BoardRequest, found: BoardSlice, limit: int) -> str | None:
    """Returns the cursor behind these entries; None if they are the last."""
    last = found.entries[-1] if len(found.entries) == limit else None
    if last is None or last.rank >= found.total:
        return None
    return encode_position(request.cursor_name, last.entry.score, last.entry.participant)


def _at(request: BoardRequest) -> PartitionSlice:
    """The whole board at the time of the request. Raises Problem if it has too many entries."""
    window, at_s = request.window, int(request.at.timestamp()) if request.at else 0
    end_s = max(window.start_s, min(window.end_s, at_s + 1))
    try:
        entries = dependencies().history.entries(request.program, request.metric, request.board, window.start_s, end_s)
    except BoardTooLarge:
        detail = (
            f"The board has more than {MAX_ENTRIES:,} entries: `at` is for smaller ones. Ask for a shorter period, or for the"
            " board as it is now."
        )
        raise Problem(422, "board_too_large", detail, [{"pointer": "query:at", "detail": detail}]) from None
    return PartitionSlice(len(entries), 0, entries)
