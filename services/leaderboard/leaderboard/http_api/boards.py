"""Boards: their entries, several of them in one call, the rank of a person, and the board of their friends."""

from datetime import datetime

import msgspec

from leaderboard.domain.ranking import BoardSlice, RankedEntry, with_ranks
from leaderboard.http_api.board_reading import (
    BoardRequest,
    next_cursor,
    read_around,
    read_page,
    read_total,
    require_board,
)
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import AroundQuery, BoardQuery, BoardsQuery, PeriodQuery, find_participant
from leaderboard.http_api.responses import (
    BoardEntryResponse,
    BoardResponse,
    BoardsResponse,
    FriendResponse,
    FriendsResponse,
    RankResponse,
    Relation,
    name_fields,
    period_fields,
)
from referral.events.attributions import ReferrerKind
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.people.known_people import KnownPerson, known_people

MAX_FRIENDS = 1_000
blueprint = Blueprint("boards", __name__)


@blueprint.get("/v1/programs/<program>/boards")
@requires("read")
@blueprint.arguments(BoardsQuery, location="query")
@response(BoardsResponse)
@blueprint.alt_response(404, description="Unknown program or board.")
def boards(query: dict[str, object], program: str) -> BoardsResponse:
    """The first entries of several boards in one call, in the order asked, as of one moment or as they are now."""
    names: list[str] = query["boards"]  # type: ignore[assignment] # checked by the schema
    kind: ReferrerKind = query["kind"]  # type: ignore[assignment] # checked by the schema
    limit = int(str(query["limit"]))
    named = [name.partition(":") for name in names]
    requests = [require_board(program, metric, period, kind, _at(query)) for metric, _, period in named]
    return BoardsResponse(boards=[_board_response(request, limit, None) for request in requests])


@blueprint.get("/v1/programs/<program>/boards/<metric>")
@requires("read")
@blueprint.arguments(BoardQuery, location="query")
@response(BoardResponse)
@blueprint.alt_response(404, description="Unknown program or board.")
def board(query: dict[str, object], program: str, metric: str) -> BoardResponse:
    """Part of a board, the best first: the higher score leads, then who reached it first, then the smaller id.

    `kind=partner` ranks the program's partners by referrals; they are not among the followers.
    """
    kind: ReferrerKind = query["kind"]  # type: ignore[assignment] # checked by the schema
    request = require_board(program, metric, str(query["period"]), kind, _at(query))
    return _board_response(request, int(str(query["limit"])), query["cursor"])


@blueprint.get("/v1/programs/<program>/boards/<metric>/people/<path:person>")
@requires("read")
@blueprint.arguments(AroundQuery, location="query")
@response(RankResponse)
@blueprint.alt_response(404, description="Unknown program, board or participant.")
def rank(query: dict[str, object], program: str, metric: str, person: str) -> RankResponse:
    """A person's rank, by person id or the platform's own id, with the nearest entries on each side."""
    id = context().pseudonyms.person_id_to_find(program, person)
    participant = find_participant(program, id)
    kind: ReferrerKind = "partner" if participant and participant.partner else "follower"
    request = require_board(program, metric, str(query["period"]), kind, _at(query))
    found = read_around(request, id, int(str(query["around"])))
    if participant is None and found is None:
        raise _unknown_participant(program, person)
    me = next((ranked for ranked in found.entries if ranked.entry.participant == id), None) if found else None
    return RankResponse(
        **period_fields(program, request.window),
        metric=request.metric,
        kind=kind,
        as_of=request.at,
        participant=id,
        **name_fields(known_people([id], context().people.snapshot())[id]),
        rank=me.rank if me else None,
        score=me.entry.referrals if me else 0,
        reached_at=to_datetime(me.entry.reached_at_s * 1000) if me else None,
        entries=_entry_responses(found) if found else [],
        total=found.total if found else read_total(request),
    )


@blueprint.get("/v1/programs/<program>/boards/<metric>/people/<path:person>/friends")
@requires("read")
@blueprint.arguments(PeriodQuery, location="query")
@response(FriendsResponse)
@blueprint.alt_response(404, description="Unknown program, board or participant.")
def friends(query: dict[str, str], program: str, metric: str, person: str) -> FriendsResponse:
    """A board of a person's own network: the person, who brought them, and the people they brought.

    Of the latter at most 1,000, the earliest; ranks are those among friends.
    """
    id = context().pseudonyms.person_id_to_find(program, person)
    request = require_board(program, metric, query["period"])
    network = dependencies().network
    brought_me, brought = network.referrer(program, id), network.referees(program, id, MAX_FRIENDS + 1)
    if find_participant(program, id) is None and not brought and not brought_me:
        raise _unknown_participant(program, person)
    people = [id, *([brought_me] if brought_me else []), *brought[:MAX_FRIENDS]]
    entries = dependencies().boards.entries(program, request.board, people)
    known = known_people(people, context().people.snapshot())
    return FriendsResponse(
        **period_fields(program, request.window),
        metric=request.metric,
        participant=id,
        friends=len(people) - 1,
        truncated=len(brought) > MAX_FRIENDS,
        entries=[
            FriendResponse(
                relation=_relation(ranked.entry.participant, id, brought_me),
                **msgspec.structs.asdict(_entry_response(ranked, known[ranked.entry.participant])),
            )
            for ranked in with_ranks(entries, 0)
        ],
    )


def _relation(friend: str, person: str, brought_me: str | None) -> Relation:
    if friend == person:
        return "self"
    return "brought_me" if friend == brought_me else "brought_by_me"


def _unknown_participant(program: str, person: str) -> Problem:
    detail = f"{person!r} is not a participant of {program}. Enrol them first."
    return Problem(404, "unknown_participant", detail)


def _board_response(request: BoardRequest, limit: int, cursor: object) -> BoardResponse:
    found = read_page(request, limit, cursor)
    return BoardResponse(
        **period_fields(request.program, request.window),
        metric=request.metric,
        kind=request.kind,
        as_of=request.at,
        entries=_entry_responses(found),
        total=found.total,
        next_cursor=next_cursor(request, found, limit),
    )


def _at(query: dict[str, object]) -> datetime | None:
    at = query["at"]
    return at if isinstance(at, datetime) else None


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
