"""The board as a page: which period, which rows, which words."""

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
from referral.events.program import Board, Program
from referral.events.section import Period
from referral.http.context import context
from referral.pages.languages import localize

METRIC = "referrals"
MAX_ROWS = 100
MAX_AGE_S = 5


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the template needs of a board; `gains`: rows tell what came today, as today is part of the period."""

    program: Program
    zone: str
    window: Window
    board: BoardSlice
    shows_today: bool
    rows: list[BoardRow]
    own: OwnRow | None


def render_board_page(program: str) -> Response | None:
    """The page as this request asks for it, kept by browsers and proxies for a few seconds. None for an unknown
    program.
    """
    shown = _board_view(program)
    return _response(shown) if shown else None


def _board_view(name: str) -> BoardView | None:
    catalog = context().catalog
    newest = catalog.program(name)
    if newest is None:
        return None
    program, now_s = newest.program, context().clock.now_ms() // 1000
    zone = dependencies().time_zones.zone_of(name, catalog)
    asked = _window(program, now_s, zone)
    key, me = state_keys.board(name, METRIC, asked.name), request.args.get("me", "")[:64] or None
    boards = dependencies().boards
    top = boards.top(key, MAX_ROWS)
    near = boards.around(name, key, me, 1) if me else None
    gains = asked.kind != "day" and asked.contains(now_s)
    today = _referrals_today(name, zone, now_s, [part for part in (top, near) if part]) if gains else {}
    rows = rows_of(top.entries, catalog, today, me)
    return BoardView(program, zone, asked, top, gains, rows, own_row(near, name, me, catalog, today) if me else None)


def _referrals_today(program: str, zone: str, now_s: int, parts: Iterable[BoardSlice]) -> dict[str, int]:
    """How many friends each of these brought today."""
    board = state_keys.board(program, METRIC, windows(now_s, zone)[0].name)
    everybody = {one.entry.participant for part in parts for one in part.entries}
    return dependencies().boards.counts(program, board, everybody)


def _window(program: Program, now_s: int, zone: str) -> Window:
    """The period asked for; the program's first (or the month) where it is none, as a stale link should still show
    something.
    """
    asked, kinds = request.args.get("period", ""), _kinds(program)
    fallback: Period = "month" if "month" in kinds else kinds[0]
    try:
        return window(asked or fallback, now_s, zone)
    except UnknownPeriod:
        return window(fallback, now_s, zone)


def _board(program: Program) -> Board | None:
    return next((board for board in program.boards if board.metric == METRIC), None)


def _kinds(program: Program) -> tuple[Period, ...]:
    """The periods that the program shows, shortest first."""
    board = _board(program)
    return tuple(kind for kind in PERIODS if board is None or kind in board.periods) or PERIODS


def _response(shown: BoardView) -> Response:
    board = _board(shown.program)
    prizes = board.prizes.get(shown.window.kind, {}) if board else {}
    left, closes = board_texts.closing(shown.window, shown.zone, context().clock.now_ms() // 1000)
    response = make_response(
        render_template(
            "board.html",
            shown=shown,
            name=localize(shown.program.name) or shown.program.id,
            heading=board_texts.heading(shown.window, shown.zone),
            tabs=[(kind, board_texts.TABS[kind], _tab_url(kind)) for kind in _kinds(shown.program)],
            prizes=[(board_texts.rank_range(ranks), board_texts.prize(prize)) for ranks, prize in prizes.items()],
            left=left,
            lasts=shown.window.kind != "all",
            closes=closes,
        )
    )
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response


def _tab_url(kind: Period) -> str:
    """The address of the same page for another period."""
    kept = {name: value for name, value in request.args.items() if name in ("lang", "me")}
    return f"?{urlencode({**kept, 'period': kind})}"
