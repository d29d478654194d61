"""The board page: the board and period that are shown, its rows and texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from leaderboard.board_store import BoardName, board_name
from leaderboard.domain.closing_state import ClosedBoard
from leaderboard.domain.movement import ChangedEntry, ranks_before
from leaderboard.domain.periods import PERIODS, UnknownPeriod, Window, window, windows
from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from leaderboard.folds.campaigns import campaign_of
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages import board_texts, closing_texts, metric_texts
from leaderboard.pages.board_rows import (
    SINGLE_ROWS,
    BoardRow,
    OwnRow,
    SinceYesterday,
    TiedRow,
    combine_ties,
    own_row,
    rows_of,
)
from leaderboard.pages.closed_board_view import ClosedView, closed_view
from referral.events.board_rules import Board, BoardMetric, BoardPeriod, Prize
from referral.events.program import Program
from referral.http.context import context
from referral.pages.languages import localize, use_languages_of
from referral.pages.reward_names import reward_name

MAX_ROWS = 100
MAX_AGE_S = 5
MAX_CHANGED = 500  # people who counted something today; with more of them the page shows no moves
_UNKNOWN = SinceYesterday({}, {})


class UnknownBoard(LookupError):
    """The program has no board of this metric."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the template shows of a board. `shown` is how many of its people are in the rows."""

    program: Program
    metric: BoardMetric
    zone: str
    window: Window
    now_s: int
    board: BoardSlice
    shown: int
    rows: list[BoardRow | TiedRow]
    own: OwnRow | None
    closed: ClosedBoard | None = None


def render_board_page(program: str) -> Response | None:
    """Returns the page for this request, cached by browsers and proxies for some seconds. None for an unknown program.

    Raises UnknownPeriod for a period that does not exist, and UnknownBoard for a metric without a board.
    """
    newest = context().catalog.program(program)
    if newest is None:
        return None
    use_languages_of(newest.program.name)
    return _response(_board_view(newest.program))


def leader(program: Program) -> BoardRow | None:
    """Returns the first of the program's first board in its running period; None while it is empty. Raises UnknownPeriod."""
    now_s, zone = context().clock.now_ms() // 1000, dependencies().time_zones.zone_of(program.id, context().catalog)
    metric = _metrics(program)[0]
    running = _period(program, _default_period(program, metric), now_s, zone)
    top = dependencies().boards.top(board_name(program.id, metric, running.name), 1)
    since = _since_yesterday(program.id, metric, running, zone, now_s, [top])
    return next(iter(rows_of(top.entries, context().people.snapshot(), since, None)), None)


def _board_view(program: Program) -> BoardView:
    catalog, people, now_s = context().catalog, context().people.snapshot(), context().clock.now_ms() // 1000
    zone, metric = dependencies().time_zones.zone_of(program.id, catalog), _metric(program)
    window = _window(program, metric, now_s, zone)
    board, me = board_name(program.id, metric, window.name), request.args.get("me", "")[:64] or None
    closed = closed_view(program.id, metric, window, now_s, me, MAX_ROWS)
    if closed is not None:
        return _closed_board_view(program, metric, zone, window, now_s, closed, me)
    boards = dependencies().boards
    top = boards.top(board, MAX_ROWS)
    around = boards.around(program.id, board, me, 1) if me else None
    since = _since_yesterday(program.id, metric, window, zone, now_s, [part for part in (top, around) if part])
    rows, last_rank = rows_of(top.entries, people, since, me), _last_rank(board, top)
    own = own_row(around, program.id, me, catalog, people, since) if me else None
    return BoardView(program, metric, zone, window, now_s, top, last_rank, combine_ties(rows, last_rank), own)


def _closed_board_view(
    program: Program,
    metric: BoardMetric,
    zone: str,
    window: Window,
    now_s: int,
    closed: ClosedView,
    me: str | None,
) -> BoardView:
    """The frozen board: its ranks never change, and each row says what counts now if that is another number."""
    catalog, people = context().catalog, context().people.snapshot()
    since = SinceYesterday({}, {}, closed.now)
    rows, shown = rows_of(closed.top.entries, people, since, me), len(closed.top.entries)
    own = own_row(closed.around, program.id, me, catalog, people, since) if me else None
    return BoardView(program, metric, zone, window, now_s, closed.top, shown, list(rows), own, closed.closed)


def _last_rank(board: BoardName, top: BoardSlice) -> int:
    """The rank of the last person with as high a count as the last entry, who may not have been read."""
    if len(top.entries) == top.total:
        return top.total
    count = top.entries[-1].entry.referrals
    first = next(ranked.rank for ranked in top.entries if ranked.entry.referrals == count)
    return first + dependencies().boards.total_with(board, count) - 1


def _since_yesterday(
    program: str, metric: BoardMetric, window: Window, zone: str, now_s: int, parts: Sequence[BoardSlice]
) -> SinceYesterday:
    """What changed today on the board of a longer period that is running."""
    if window.kind == "day" or not window.contains(now_s):
        return _UNKNOWN
    today, boards = windows(now_s, zone)[0], dependencies().boards
    board_of_today, board = board_name(program, metric, today.name), board_name(program, metric, window.name)
    participants = {ranked.entry.participant for part in parts for ranked in part.entries}
    counts = boards.counts(program, board_of_today, participants)
    todays = boards.top(board_of_today, MAX_CHANGED)
    if todays.total > MAX_CHANGED or window.start_s >= today.start_s:
        return SinceYesterday(counts, {})
    changed = [ranked.entry.participant for ranked in todays.entries]
    until_today = (window.start_s, today.start_s)
    before = dependencies().history.entries_of(program, metric, board, changed, until_today)
    entries = boards.entries(program, board, changed)
    shown = _with_arrows(parts)
    return SinceYesterday(
        counts,
        ranks_before(
            shown,
            [ChangedEntry(entry, before.get(entry.participant)) for entry in entries],
            _ahead(board, [before[one.entry.participant] for one in shown if one.entry.participant in before]),
        ),
    )


def _ahead(board: BoardName, entries: Sequence[BoardEntry]) -> dict[str, int]:
    ahead = dependencies().boards.ahead_of(board, entries)
    return {entry.participant: number for entry, number in zip(entries, ahead, strict=True)}


def _with_arrows(parts: Sequence[BoardSlice]) -> list[RankedEntry]:
    """The entries whose rows show how they moved: the first ones, and the reader's own."""
    top, *around = parts
    mine = [ranked for part in around for ranked in part.entries]
    return list({ranked.entry.participant: ranked for ranked in (*top.entries[:SINGLE_ROWS], *mine)}.values())


def _metric(program: Program) -> BoardMetric:
    """The requested metric; by default that of the program's first board. Raises UnknownBoard."""
    metrics, wanted = _metrics(program), request.args.get("metric")
    if wanted is None:
        return metrics[0]
    for metric in metrics:
        if metric == wanted:
            return metric
    raise UnknownBoard(wanted)


def _metrics(program: Program) -> list[BoardMetric]:
    return [board.metric for board in program.boards] or ["referrals"]


def _window(program: Program, metric: BoardMetric, now_s: int, zone: str) -> Window:
    """The requested period; by default the month, or the board's first period. Raises UnknownPeriod."""
    return _period(program, request.args.get("period") or _default_period(program, metric), now_s, zone)


def _default_period(program: Program, metric: BoardMetric) -> BoardPeriod:
    kinds = _kinds(program, metric)
    return "month" if "month" in kinds else kinds[0]


def _period(program: Program, name: str, now_s: int, zone: str) -> Window:
    """A period by its name. Raises UnknownPeriod."""
    if name != "campaign":
        return window(name, now_s, zone)
    campaign = campaign_of(program.id, zone, context().catalog)
    if campaign is None:
        raise UnknownPeriod(f"{program.id} has no campaign")
    return campaign


def _board(program: Program, metric: BoardMetric) -> Board | None:
    return next((board for board in program.boards if board.metric == metric), None)


def _kinds(program: Program, metric: BoardMetric) -> tuple[BoardPeriod, ...]:
    """The periods that the program shows, shortest first."""
    board = _board(program, metric)
    return tuple(kind for kind in get_args(BoardPeriod) if kind in (board.periods if board else PERIODS))


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
    board, metric = _board(view.program, view.metric), view.metric
    prizes = board.prizes.get(view.window.kind, {}) if board else {}
    heading = board_texts.heading(view.window, view.zone, view.now_s)
    time_left, closing_time = closing_texts.closing(view.window, view.zone, view.now_s, metric, view.closed is not None)
    return {
        "name": localize(view.program.name) or view.program.id,
        "heading": heading,
        "texts": metric_texts.TEXTS[metric],
        "tied": metric_texts.tied,
        "missing": metric_texts.missing,
        "boards": [(one, metric_texts.TEXTS[one].tab, _url(metric=one)) for one in _metrics(view.program)],
        "tabs": [(kind, _tab_text(kind, view), _url(period=kind)) for kind in _kinds(view.program, metric)],
        "now_link": _now_link(view),
        "prizes": [
            (board_texts.rank_range(ranks), _prize_text(prize, view.program)) for ranks, prize in prizes.items()
        ],
        "empty": closing_texts.empty_board(view.window, heading, view.now_s, metric),
        "time_left": time_left,
        "closes": view.window.kind != "all",
        "closing_time": closing_time,
        "stream": f"/p/{view.program.id}/live" if context().settings.live_port else None,
        "root": view.closed.root if view.closed else None,
        "proof": _proof_url(view),
        "has_arrows": any(isinstance(row, BoardRow) and (row.moved or row.is_new) for row in view.rows),
    }


def _proof_url(view: BoardView) -> str | None:
    """The URL at which the reader downloads the proof of their rank."""
    if view.closed is None or view.own is None or view.own.row is None:
        return None
    return f"{view.program.id}/proof/{view.metric}/{view.window.name}/{view.own.row.participant}"


def _tab_text(kind: BoardPeriod, view: BoardView) -> str:
    """The text of a tab; the tab of the period that is shown has its name if it is not the current one."""
    shown = kind == view.window.kind
    return board_texts.tab(view.window, view.zone, view.now_s) if shown else str(board_texts.TABS[kind])


def _now_link(view: BoardView) -> dict[str, str] | None:
    """The link from another period to the current one of its kind; None if that is shown."""
    kind = view.window.kind
    if view.window.contains(view.now_s) or kind not in board_texts.BACK_TO_NOW:
        return None
    return {"href": _url(period=kind), "text": str(board_texts.BACK_TO_NOW[kind])}


def _url(**changed: str) -> str:
    """The URL of the same page for another period or board; another board opens in its own default period."""
    kept = {name: value for name, value in request.args.items() if name in ("lang", "me", "metric") and value}
    return f"?{urlencode({**kept, **changed})}"
