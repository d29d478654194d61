"""The board page: the period that is shown, its rows and texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from leaderboard.domain.periods import PERIODS, UnknownPeriod, Window, window, windows
from leaderboard.domain.ranking import BoardSlice
from leaderboard.folds import state_keys
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages import board_texts
from leaderboard.pages.board_rows import BoardRow, OwnRow, own_row, rows_of
from referral.events.board_rules import Board, BoardMetric
from referral.events.program import Program
from referral.events.section import Period
from referral.http.context import context
from referral.pages.languages import localize

METRIC: BoardMetric = "referrals"
MAX_ROWS = 100
MAX_AGE_S = 5


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the template shows of a board. `shows_today`: rows have today's referrals, because today is part of the period."""

    program: Program
    zone: str
    window: Window
    board: BoardSlice
    shows_today: bool
    rows: list[BoardRow]
    own: OwnRow | None


def render_board_page(program: str) -> Response | None:
    """Returns the page for this request, cached by browsers and proxies for some seconds. None for an unknown program."""
    view = _board_view(program)
    return _response(view) if view else None


def _board_view(name: str) -> BoardView | None:
    catalog = context().catalog
    newest = catalog.program(name)
    if newest is None:
        return None
    program, now_s = newest.program, context().clock.now_ms() // 1000
    zone = dependencies().time_zones.zone_of(name, catalog)
    window = _window(program, now_s, zone)
    key, me = state_keys.board(name, METRIC, window.name), request.args.get("me", "")[:64] or None
    boards = dependencies().boards
    top = boards.top(key, MAX_ROWS)
    around = boards.around(name, key, me, 1) if me else None
    shows_today = window.kind != "day" and window.contains(now_s)
    slices = [part for part in (top, around) if part]
    today = _referrals_today(name, zone, now_s, slices) if shows_today else {}
    rows = rows_of(top.entries, catalog, today, me)
    own = own_row(around, name, me, catalog, today) if me else None
    return BoardView(program, zone, window, top, shows_today, rows, own)


def _referrals_today(program: str, zone: str, now_s: int, slices: Iterable[BoardSlice]) -> dict[str, int]:
    """Today's referrals of each participant of these slices."""
    board = state_keys.board(program, METRIC, windows(now_s, zone)[0].name)
    participants = {ranked.entry.participant for part in slices for ranked in part.entries}
    return dependencies().boards.counts(program, board, participants)


def _window(program: Program, now_s: int, zone: str) -> Window:
    """The requested period. By default, and for an invalid one (an outdated link), the month, or the program's first period."""
    name, kinds = request.args.get("period", ""), _kinds(program)
    default: Period = "month" if "month" in kinds else kinds[0]
    try:
        return window(name or default, now_s, zone)
    except UnknownPeriod:
        return window(default, now_s, zone)


def _board(program: Program) -> Board | None:
    return next((board for board in program.boards if board.metric == METRIC), None)


def _kinds(program: Program) -> tuple[Period, ...]:
    """The periods that the program shows, shortest first."""
    board = _board(program)
    return tuple(kind for kind in PERIODS if board is None or kind in board.periods) or PERIODS


def _response(view: BoardView) -> Response:
    board = _board(view.program)
    prizes = board.prizes.get(view.window.kind, {}) if board else {}
    time_left, closing_time = board_texts.closing(view.window, view.zone, context().clock.now_ms() // 1000)
    response = make_response(
        render_template(
            "board.html",
            view=view,
            name=localize(view.program.name) or view.program.id,
            heading=board_texts.heading(view.window, view.zone),
            tabs=[(kind, board_texts.TABS[kind], _tab_url(kind)) for kind in _kinds(view.program)],
            prizes=[(board_texts.rank_range(ranks), board_texts.prize(prize)) for ranks, prize in prizes.items()],
            time_left=time_left,
            closes=view.window.kind != "all",
            closing_time=closing_time,
        )
    )
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response


def _tab_url(kind: Period) -> str:
    """The URL of the same page for another period."""
    kept = {name: value for name, value in request.args.items() if name in ("lang", "me")}
    return f"?{urlencode({**kept, 'period': kind})}"
