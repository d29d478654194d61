"""Boards: their entries, and the rank of a person."""

from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from leaderboard.folds import state_keys
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import (
    AroundQuery,
    BoardQuery,
    find_participant,
    require_metric,
    require_window,
    require_zone,
)
from leaderboard.http_api.responses import BoardEntryResponse, BoardResponse, RankResponse, name_fields, period_fields
from referral.events.attributions import ReferrerKind
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.http.responses import response
from referral.people.known_people import KnownPerson, known_people

blueprint = Blueprint("boards", __name__)


@blueprint.get("/v1/programs/<program>/boards/<metric>")
@requires("read")
@blueprint.arguments(BoardQuery, location="query")
@response(BoardResponse)
@blueprint.alt_response(404, description="Unknown program or board.")
def board(query: dict[str, object], program: str, metric: str) -> BoardResponse:
    """Part of a board, the best first: more referrals lead, then who reached them first, then the smaller id.

    `kind=partner` ranks the program's partners; they are not among the followers.
    """
    zone = require_zone(program)
    window = require_window(str(query["period"]), zone)
    kind: ReferrerKind = query["kind"]  # type: ignore[assignment] # checked by the schema
    board_metric, limit = require_metric(metric), int(str(query["limit"]))
    key = state_keys.board(program, board_metric, window.name, kind)
    found = _read(key, limit, query["cursor"])
    return BoardResponse(
        **period_fields(program, window),
        metric=board_metric,
        kind=kind,
        entries=_entry_responses(found),
        total=found.total,
        next_cursor=_next_cursor(key, found, limit),
    )


@blueprint.get("/v1/programs/<program>/boards/<metric>/people/<path:person>")
@requires("read")
@blueprint.arguments(AroundQuery, location="query")
@response(RankResponse)
@blueprint.alt_response(404, description="Unknown program, board or participant.")
def rank(query: dict[str, object], program: str, metric: str, person: str) -> RankResponse:
    """A person's rank, by person id or the platform's own id, with the nearest entries on each side."""
    zone = require_zone(program)
    window = require_window(str(query["period"]), zone)
    id = context().pseudonyms.person_id_to_find(program, person)
    participant = find_participant(program, id)
    kind: ReferrerKind = "partner" if participant and participant.partner else "follower"
    board_metric = require_metric(metric)
    key = state_keys.board(program, board_metric, window.name, kind)
    found = dependencies().boards.around(program, key, id, int(str(query["around"])))
    if participant is None and found is None:
        detail = f"{person!r} is not a participant of {program}. Enrol them first."
        raise Problem(404, "unknown_participant", detail)
    me = next((ranked for ranked in found.entries if ranked.entry.participant == id), None) if found else None
    return RankResponse(
        **period_fields(program, window),
        metric=board_metric,
        kind=kind,
        participant=id,
        **name_fields(known_people([id], context().people.snapshot())[id]),
        rank=me.rank if me else None,
        score=me.entry.referrals if me else 0,
        reached_at=to_datetime(me.entry.reached_at_s * 1000) if me else None,
        entries=_entry_responses(found) if found else [],
        total=found.total if found else dependencies().boards.total(key),
    )


def _read(key: str, limit: int, cursor: object) -> BoardSlice:
    position = decode_position(cursor, key)
    if position is None:
        return dependencies().boards.top(key, limit)
    return dependencies().boards.after(key, BoardEntry(position.score, position.member.encode()), limit)


def _next_cursor(key: str, found: BoardSlice, limit: int) -> str | None:
    last = found.entries[-1] if len(found.entries) == limit else None
    if last is None or last.rank >= found.total:
        return None
    return encode_position(key, last.entry.score, last.entry.participant)


def _entry_responses(found: BoardSlice) -> list[BoardEntryResponse]:
    known = known_people([ranked.entry.participant for ranked in found.entries], context().people.snapshot())
    return [_entry_response(ranked, known[ranked.entry.participant]) for ranked in found.entries]


def _entry_response(ranked: RankedEntry, known: KnownPerson | None) -> BoardEntryResponse:
    return BoardEntryResponse(
        rank=ranked.rank,
        participant=ranked.entry.participant,
        **name_fields(known),
        score=ranked.entry.referrals,
        reached_at=to_datetime(ranked.entry.reached_at_s * 1000),
    )
