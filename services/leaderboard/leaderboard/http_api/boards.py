"""Boards: the top, and where somebody stands."""

from flask_smorest import Blueprint

from leaderboard.display_names import ParticipantName, names_of
from leaderboard.domain.ranking import BoardEntry, BoardSlice, RankedEntry
from leaderboard.folds import state_keys
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.request_params import (
    find_participant,
    period_fields,
    require_metric,
    require_window,
    require_zone,
)
from leaderboard.http_api.schemas import AroundIn, BoardIn, BoardOut, StandingOut
from referral.events.attributions import ReferrerKind
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem

blueprint = Blueprint("boards", __name__)


@blueprint.get("/v1/programs/<program>/boards/<metric>")
@requires("read")
@blueprint.arguments(BoardIn, location="query")
@blueprint.response(200, BoardOut)
@blueprint.alt_response(404, description="There is no such program, or no such board.")
def board(page: dict[str, object], program: str, metric: str) -> dict[str, object]:
    """Part of a board, the best first: more referrals lead, then who got there first, then the smaller id.

    `kind=partner` ranks the program's partners; they are not among the followers.
    """
    zone = require_zone(program)
    window = require_window(str(page["period"]), zone)
    kind: ReferrerKind = page["kind"]  # type: ignore[assignment] # the schema takes no other
    key, limit = state_keys.board(program, require_metric(metric), window.name, kind), int(str(page["limit"]))
    found = _read(key, limit, page["cursor"])
    return {
        **period_fields(program, window),
        "metric": metric,
        "kind": kind,
        "entries": _entries(found),
        "total": found.total,
        "next_cursor": _cursor(key, found, limit),
    }


@blueprint.get("/v1/programs/<program>/boards/<metric>/people/<path:person>")
@requires("read")
@blueprint.arguments(AroundIn, location="query")
@blueprint.response(200, StandingOut)
@blueprint.alt_response(404, description="There is no such program, board or participant.")
def rank(asked: dict[str, object], program: str, metric: str, person: str) -> dict[str, object]:
    """Somebody's rank, by participant id or the platform's own id, amid the nearest places on each side."""
    zone = require_zone(program)
    window = require_window(str(asked["period"]), zone)
    participant = find_participant(program, person)
    kind: ReferrerKind = "partner" if participant and participant.partner else "follower"
    key = state_keys.board(program, require_metric(metric), window.name, kind)
    id = participant.id if participant else person
    found = dependencies().boards.around(program, key, id, int(str(asked["around"])))
    if participant is None and found is None:
        raise Problem(404, "unknown_participant", f"{person} does not take part in {program}. Enrol them first.")
    me = next((one for one in found.entries if one.entry.participant == id), None) if found else None
    name = ParticipantName.of(participant) if participant else ParticipantName(id)
    return {
        **period_fields(program, window),
        "metric": metric,
        "kind": kind,
        **_participant_fields(id, name),
        "rank": me.rank if me else None,
        "score": me.entry.referrals if me else 0,
        "reached_at": to_datetime(me.entry.reached_at_s * 1000) if me else None,
        "entries": _entries(found) if found else [],
        "total": found.total if found else dependencies().boards.total(key),
    }


def _read(key: str, limit: int, cursor: object) -> BoardSlice:
    position = decode_position(cursor, key)
    if position is None:
        return dependencies().boards.top(key, limit)
    return dependencies().boards.after(key, BoardEntry(position.score, position.member.encode()), limit)


def _cursor(key: str, found: BoardSlice, limit: int) -> str | None:
    last = found.entries[-1] if len(found.entries) == limit else None
    if last is None or last.rank >= found.total:
        return None
    return encode_position(key, last.entry.score, last.entry.participant)


def _entries(found: BoardSlice) -> list[dict[str, object]]:
    names = names_of([one.entry.participant for one in found.entries], context().catalog)
    return [_entry(one, names[one.entry.participant]) for one in found.entries]


def _entry(one: RankedEntry, name: ParticipantName) -> dict[str, object]:
    """An EntryOut."""
    return {
        "rank": one.rank,
        **_participant_fields(one.entry.participant, name),
        "score": one.entry.referrals,
        "reached_at": to_datetime(one.entry.reached_at_s * 1000),
    }


def _participant_fields(participant: str, name: ParticipantName) -> dict[str, object]:
    return {"participant": participant, "external_id": name.external_id, "display_name": name.display_name}
