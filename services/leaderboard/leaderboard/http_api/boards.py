"""Boards: the top, and where somebody stands."""

from flask_smorest import Blueprint

from leaderboard.domain.ranking import Place, Ranked, Slice
from leaderboard.folds import places
from leaderboard.http_api.asked import existing_metric, participant_of, span, window_of, zone_of
from leaderboard.http_api.collaborators import collaborators
from leaderboard.http_api.schemas import AroundIn, BoardIn, BoardOut, StandingOut
from leaderboard.names import Name, names_of
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
    zone = zone_of(program)
    window = window_of(str(page["period"]), zone)
    kind: ReferrerKind = page["kind"]  # type: ignore[assignment] # the schema takes no other
    key, limit = places.board(program, existing_metric(metric), window.name, kind), int(str(page["limit"]))
    found = _read(key, limit, page["cursor"])
    return {
        **span(program, window),
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
def standing(asked: dict[str, object], program: str, metric: str, person: str) -> dict[str, object]:
    """Somebody's rank, by participant id or the platform's own id, amid the nearest places on each side."""
    zone = zone_of(program)
    window = window_of(str(asked["period"]), zone)
    participant = participant_of(program, person)
    kind: ReferrerKind = "partner" if participant and participant.partner else "follower"
    key = places.board(program, existing_metric(metric), window.name, kind)
    id = participant.id if participant else person
    found = collaborators().boards.around(program, key, id, int(str(asked["around"])))
    if participant is None and found is None:
        raise Problem(404, "unknown_participant", f"{person} does not take part in {program}. Enrol them first.")
    me = next((one for one in found.entries if one.place.participant == id), None) if found else None
    name = Name.of(participant) if participant else Name(id)
    return {
        **span(program, window),
        "metric": metric,
        "kind": kind,
        **_named(id, name),
        "rank": me.rank if me else None,
        "score": me.place.referrals if me else 0,
        "reached_at": to_datetime(me.place.reached_at_s * 1000) if me else None,
        "entries": _entries(found) if found else [],
        "total": found.total if found else collaborators().boards.total(key),
    }


def _read(key: str, limit: int, cursor: object) -> Slice:
    position = decode_position(cursor, key)
    if position is None:
        return collaborators().boards.top(key, limit)
    return collaborators().boards.after(key, Place(position.score, position.member.encode()), limit)


def _cursor(key: str, found: Slice, limit: int) -> str | None:
    last = found.entries[-1] if len(found.entries) == limit else None
    if last is None or last.rank >= found.total:
        return None
    return encode_position(key, last.place.score, last.place.participant)


def _entries(found: Slice) -> list[dict[str, object]]:
    names = names_of([one.place.participant for one in found.entries], context().catalog)
    return [_entry(one, names[one.place.participant]) for one in found.entries]


def _entry(one: Ranked, name: Name) -> dict[str, object]:
    """An EntryOut."""
    return {
        "rank": one.rank,
        **_named(one.place.participant, name),
        "score": one.place.referrals,
        "reached_at": to_datetime(one.place.reached_at_s * 1000),
    }


def _named(participant: str, name: Name) -> dict[str, object]:
    return {"participant": participant, "external_id": name.external_id, "display_name": name.shown}
