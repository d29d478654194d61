"""The board page: the period that is shown, its rows and texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from leaderboard.domain.periods import PERIODS, Window, window, windows
from leaderboard.domain.ranking import BoardSlice
from leaderboard.folds import state_keys
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages import board_texts, closing_texts
from leaderboard.pages.board_rows import BoardRow, OwnRow, TiedRow, combine_ties, own_row, rows_of
from referral.events.board_rules import Board, BoardMetric, Prize
from referral.events.program import Program
from referral.events.section import Period
from referral.http.context import context
from referral.pages.languages import localize, use_languages_of
from referral.pages.reward_names import reward_name

METRIC: BoardMetric = "referrals"
MAX_ROWS = 100
MAX_AGE_S = 5


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the template shows of a board. `shown` is how many of its people are in the rows."""

    program: Program
    zone: str
    window: Window
    now_s: int
    board: BoardSlice
    shown: int
    rows: list[BoardRow | TiedRow]
    own: OwnRow | None


def render_board_page(program: str) -> Response | None:
    """Returns the page for this request, cached by browsers and proxies for some seconds. None for an unknown program.

    Raises UnknownPeriod for a period that does not exist.
    """
    newest = context().catalog.program(program)
    if newest is None:
        return None
    use_languages_of(newest.program.name)
    return _response(_board_view(newest.program))


def _board_view(program: Program) -> BoardView:
    catalog, people, now_s = context().catalog, context().people.snapshot(), context().clock.now_ms() // 1000
    zone = dependencies().time_zones.zone_of(program.id, catalog)
    window = _window(program, now_s, zone)
    key, me = state_keys.board(program.id, METRIC, window.name), request.args.get("me", "")[:64] or None
    boards = dependencies().boards
    top = boards.top(key, MAX_ROWS)
    around = boards.around(program.id, key, me, 1) if me else None
    shows_today = window.kind != "day" and window.contains(now_s)
    slices = [part for part in (top, around) if part]
    today = _referrals_today(program.id, zone, now_s, slices) if shows_today else {}
    rows, last_rank = rows_of(top.entries, people, today, me), _last_rank(key, top)
    own = own_row(around, program.id, me, catalog, people, today) if me else None
    return BoardView(program, zone, window, now_s, top, last_rank, combine_ties(rows, last_rank), own)


def _last_rank(key: str, top: BoardSlice) -> int:
    """The rank of the last person with as many referrals as the last entry, who may not have been read."""
    if len(top.entries) == top.total:
        return top.total
    referrals = top.entries[-1].entry.referrals
    first = next(ranked.rank for ranked in top.entries if ranked.entry.referrals == referrals)
    return first + dependencies().boards.total_with(key, referrals) - 1


def _referrals_today(program: str, zone: str, now_s: int, slices: Iterable[BoardSlice]) -> dict[str, int]:
    """Today's referrals of each participant of these slices."""
    board = state_keys.board(program, METRIC, windows(now_s, zone)[0].name)
    participants = {ranked.entry.participant for part in slices for ranked in part.entries}
    return dependencies().boards.counts(program, board, participants)


def _window(program: Program, now_s: int, zone: str) -> Window:
    """The requested period; by default the month, or the program's first period. Raises UnknownPeriod."""
    kinds = _kinds(program)
    default: Period = "month" if "month" in kinds else kinds[0]
    return window(request.args.get("period") or default, now_s, zone)


def _board(program: Program) -> Board | None:
    return next((board for board in program.boards if board.metric == METRIC), None)


def _kinds(program: Program) -> tuple[Period, ...]:
    """The periods that the program shows, shortest first."""
    board = _board(program)
    return tuple(kind for kind in PERIODS if board is None or kind in board.periods) or PERIODS


def _response(view: BoardView) -> Response:
    response = make_response(render_template("board.html", view=view, place=board_texts.place, **_texts(view)))
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response


def _prize_text(prize: Prize, program: Program) -> str:
    """The text of a prize; of one that a reward pays, the name of the reward."""
    rules = (rule for rule in program.rewards if rule.on == "board.prize" and rule.id == prize)
    rule = next(rules, None)
    return reward_name(rule) if rule is not None and rule.name else board_texts.prize(prize)


def _texts(view: BoardView) -> dict[str, object]:
    board = _board(view.program)
    prizes = board.prizes.get(view.window.kind, {}) if board else {}
    heading = board_texts.heading(view.window, view.zone, view.now_s)
    time_left, closing_time = closing_texts.closing(view.window, view.zone, view.now_s)
    return {
        "name": localize(view.program.name) or view.program.id,
        "heading": heading,
        "tabs": [(kind, _tab_text(kind, view), _tab_url(kind)) for kind in _kinds(view.program)],
        "now_link": _now_link(view),
        "prizes": [
            (board_texts.rank_range(ranks), _prize_text(prize, view.program)) for ranks, prize in prizes.items()
        ],
        "empty": closing_texts.empty_board(view.window, heading, view.now_s),
        "time_left": time_left,
        "closes": view.window.kind != "all",
        "closing_time": closing_time,
    }


def _tab_text(kind: Period, view: BoardView) -> str:
    """The text of a tab; the tab of the period that is shown has its name if it is not the current one."""
    shown = kind == view.window.kind
    return board_texts.tab(view.window, view.zone, view.now_s) if shown else str(board_texts.TABS[kind])


def _now_link(view: BoardView) -> dict[str, str] | None:
    """The link from another period to the current one of its kind; None if that is shown."""
    kind = view.window.kind
    if view.window.contains(view.now_s) or kind == "all":
        return None
    return {"href": _tab_url(kind), "text": str(board_texts.BACK_TO_NOW[kind])}


def _tab_url(kind: Period) -> str:
    """The URL of the same page for another period."""
    kept = {name: value for name, value in request.args.items() if name in ("lang", "me")}
    return f"?{urlencode({**kept, 'period': kind})}"
