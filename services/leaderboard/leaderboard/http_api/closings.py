"""Closed boards: their root and entries, and the proof of a rank."""

from leaderboard.board_store import board_name
from leaderboard.domain.closing_state import ClosedBoard
from leaderboard.domain.periods import kind_of
from leaderboard.folds.closing_terms import PeriodBoard
from leaderboard.http_api.closing_responses import (
    ClosedEntryResponse,
    ClosingResponse,
    PartResponse,
    RankProofResponse,
)
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import ClosingQuery, KindQuery, require_metric, require_period
from leaderboard.http_api.responses import name_fields
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.standings import ClosedEntry
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.paging import decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.responses import response
from referral.people.known_people import known_people

blueprint = Blueprint("closings", __name__)


@blueprint.get("/v1/programs/<program>/boards/<metric>/<period>/closing")
@requires("read")
@blueprint.arguments(ClosingQuery, location="query")
@response(ClosingResponse)
@blueprint.alt_response(404, description="Unknown program or board, or one that is not closed.")
def closing(query: dict[str, object], program: str, metric: str, period: str) -> ClosingResponse:
    """A closed board: its Merkle root, and its entries with what later corrections made of them."""
    name = _board(program, metric, period, str(query["kind"]))
    closed = _require_closed(name)
    after, limit = decode_offset(query["cursor"]), int(str(query["limit"]))
    entries = dependencies().closings.entries(name, after, limit)
    return ClosingResponse(
        program=program,
        metric=require_metric(metric),
        kind=name.kind,
        period=name.period,
        closed_at=to_datetime(closed.closed_at_s * 1000),
        entries=closed.entries,
        root=closed.root,
        parts=[
            PartResponse(part=one.part, offset=one.offset, entries=one.count, digest=one.digest) for one in closed.parts
        ],
        ranks=_entry_responses(name, require_metric(metric), entries),
        next_cursor=encode_cursor(after + limit) if after + limit < closed.entries else None,
    )


@blueprint.get("/v1/programs/<program>/boards/<metric>/<period>/proof/<path:external_id>")
@requires("read")
@blueprint.arguments(KindQuery, location="query")
@response(RankProofResponse)
@blueprint.alt_response(
    404, description="Unknown program or board, one that is not closed, or a person who is not on it."
)
def proof(query: dict[str, object], program: str, metric: str, period: str, external_id: str) -> RankProofResponse:
    """The proof of a person's rank on a closed board, by person id or the platform's own id. It verifies offline."""
    name = _board(program, metric, period, str(query["kind"]))
    participant = context().pseudonyms.person_id_to_find(program, external_id)
    found = dependencies().closings.proof(name, participant)
    if found is None:
        _require_closed(name)
        raise Problem(
            404, "not_on_board", f"{external_id!r} is not on the board of {period}. Only entries have a rank to prove."
        )
    return RankProofResponse(
        program=found.program,
        metric=found.metric,
        kind=found.kind,
        period=found.period,
        rank=found.rank,
        participant=found.participant,
        score=found.score,
        reached_at=found.reached_at,
        entries=found.entries,
        path=list(found.path),
        root=found.root,
    )


def _board(program: str, metric: str, period: str, kind: str) -> PeriodBoard:
    """The board of a request. Raises Problem 404 for an unknown program or metric, 422 for no period of that name."""
    window = require_period(program, period)
    referrers: ReferrerKind = "partner" if kind == "partner" else "follower"
    return PeriodBoard(program, require_metric(metric), referrers, window.name)


def _require_closed(name: PeriodBoard) -> ClosedBoard:
    closed = dependencies().closings.board(name)
    if closed is None:
        raise Problem(404, "not_closed", _not_closed(name))
    return closed


def _not_closed(name: PeriodBoard) -> str:
    kind = kind_of(name.period)
    newest = context().catalog.program(name.program)
    boards = newest.program.boards if newest else ()
    if kind == "all":
        return "The board of all time never closes. Name a day, week or month, such as 2026-11."
    if not any(board.metric == name.metric and kind in board.periods for board in boards):
        return f"The program declares no {kind} board of {name.metric}, so none is closed: add it to `boards`."
    return f"The board of {name.period} is not closed: that happens 24 hours after its end, if it has any entry."


def _entry_responses(name: PeriodBoard, metric: BoardMetric, entries: list[ClosedEntry]) -> list[ClosedEntryResponse]:
    ids = [entry.participant for entry in entries]
    known = known_people(ids, context().people.snapshot())
    now = dependencies().boards.counts(name.program, board_name(name.program, metric, name.period, name.kind), ids)
    return [
        ClosedEntryResponse(
            rank=entry.rank,
            participant=entry.participant,
            **name_fields(known[entry.participant]),
            score=entry.score,
            reached_at=entry.reached_at,
            score_now=now.get(entry.participant, 0),
        )
        for entry in entries
    ]
