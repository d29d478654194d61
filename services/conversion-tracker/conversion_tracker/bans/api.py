"""The API of bans. Each ban and unban is published as a line of the log, and the folds derive the rest."""

from flask_smorest import Blueprint

from conversion_tracker.bans.store import BannedPerson
from conversion_tracker.dependencies import dependencies
from conversion_tracker.screening.review_schemas import BanIn, BanOut, BansOut, DecisionIn
from conversion_tracker.sorted_set_listing import ListEntry
from referral.events.facts import PersonBanned, PersonUnbanned, fact_key
from referral.events.ids import random_id
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.paging import PageQuery, decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.topics import EVENTS

blueprint = Blueprint("bans", __name__, description="Who is shut out of a program.")


@blueprint.get("/v1/programs/<program>/bans")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, BansOut)
@blueprint.alt_response(404, description="There is no such program.")
@blueprint.alt_response(503, description="Redis is away.")
def bans(page: dict[str, object], program: str) -> dict[str, object]:
    """Banned people with operator, time and reason; the oldest ban first."""
    require_program(program)
    position, limit = decode_position(page["cursor"], program), int(str(page["limit"]))
    found, last = dependencies().bans.after(program, ListEntry(*position) if position else None, limit)
    next_cursor = encode_position(program, last.score, last.member) if last else None
    return {"items": [_ban_response(one) for one in found], "next_cursor": next_cursor}


@blueprint.post("/v1/programs/<program>/bans")
@requires("admin")
@idempotent
@blueprint.arguments(BanIn)
@blueprint.response(202, BanOut)
@blueprint.alt_response(404, description="There is no such program.")
@blueprint.alt_response(503, description="The log is away.")
def ban(body: dict[str, str], program: str) -> dict[str, object]:
    """Bans a person, enrolled or not: neither their referrals nor their own referral count any more.

    Rewards are revoked and boards updated within seconds. If the person is banned already, the first ban stays.
    """
    require_program(program)
    return _publish_ban(PersonBanned, program, body["person"], body)


@blueprint.delete("/v1/programs/<program>/bans/<path:external_id>")
@requires("admin")
@idempotent
@blueprint.arguments(DecisionIn, location="query")
@blueprint.response(202, BanOut)
@blueprint.alt_response(404, description="There is no such program, or this person is not banned.")
@blueprint.alt_response(503, description="The log or Redis is away.")
def unban(query: dict[str, str], program: str, external_id: str) -> dict[str, object]:
    """Lifts a ban: all counts again as if it had not been, with the same ids, so that nothing is granted twice."""
    require_program(program)
    found = dependencies().people.person(program, external_id)
    if found is None or found.ban is None:
        detail = f"{external_id} is not banned from {program}; GET /v1/programs/{program}/bans lists who is, within a second."
        raise Problem(404, "not_banned", detail)
    return _publish_ban(PersonUnbanned, program, external_id, query)


def _publish_ban(
    kind: type[PersonBanned | PersonUnbanned], program: str, person: str, decided: dict[str, str]
) -> dict[str, object]:
    """Publishes the decision. Repeating a decision does not change the fold's state, so publishing it twice is harmless."""
    now = to_datetime(context().clock.now_ms())
    by, note = decided["by"], decided["note"]
    line = kind(occurred_at=now, id=random_id("ban"), program=program, person=person, by=by, note=note)
    dependencies().publish_line(EVENTS, fact_key(line), line)
    return {"person": person, "by": by, "note": note, "at": now}


def _ban_response(found: BannedPerson) -> dict[str, object]:
    ban = found.ban
    return {"person": found.person, "by": ban.by, "note": ban.note, "at": to_datetime(ban.at)}
