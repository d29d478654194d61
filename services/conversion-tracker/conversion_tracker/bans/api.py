"""The API of bans. Each ban and unban is published as a line of the log, and the folds derive the rest."""

from flask import g

from conversion_tracker.bans.ban_request import BanRequest
from conversion_tracker.bans.ban_response import BanPage, BanResponse, ban_response
from conversion_tracker.dependencies import dependencies
from conversion_tracker.named_person import NamedPerson, named_person
from conversion_tracker.person_request import new_note, person_id_of, read_people, shown_note
from conversion_tracker.screening.review_request import DecisionRequest
from conversion_tracker.stored_decision import StoredDecision
from referral.events.facts import PersonBanned, PersonUnbanned, fact_key
from referral.events.ids import is_person_id, random_id
from referral.events.people import Person
from referral.events.timestamps import to_datetime
from referral.fold.sorted_set_listing import ListEntry
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent_except
from referral.http.json_body import Blueprint
from referral.http.paging import PageQuery, decode_position, encode_position
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.topics import EVENTS

blueprint = Blueprint("bans", __name__, description="People who are banned from a program.")


@blueprint.get("/v1/programs/<program>/bans")
@requires("read")
@blueprint.arguments(PageQuery, location="query")
@response(BanPage)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def bans(page: dict[str, object], program: str) -> BanPage:
    """Banned people with who decided it, when and why; the oldest ban first."""
    require_program(program)
    position, limit = decode_position(page["cursor"], program), int(str(page["limit"]))
    found, last = dependencies().bans.after(program, ListEntry(*position) if position else None, limit)
    next_cursor = encode_position(program, last.score, last.member) if last else None
    people = read_people(one.person for one in found)
    return BanPage([ban_response(one.person, one.ban, people) for one in found], next_cursor)


@blueprint.post("/v1/programs/<program>/bans")
@requires("admin")
@idempotent_except(StoredDecision())
@blueprint.arguments(BanRequest)
@response(BanResponse, 202, description="The ban is durable.")
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Kafka is unavailable.")
def ban(body: dict[str, str], program: str) -> BanResponse:
    """Ban a person, enrolled or not: neither their referrals nor their own referral count any more.

    Rewards are revoked and boards updated within seconds. If the person is banned already, the first ban stays.
    """
    require_program(program)
    return _publish_ban(PersonBanned, program, person_id_of(program, body["person"]), body, body["person"])


@blueprint.delete("/v1/programs/<program>/bans/<path:external_id>")
@requires("admin")
@idempotent_except(StoredDecision())
@blueprint.arguments(DecisionRequest, location="query")
@response(BanResponse, 202, description="The unban is durable.")
@blueprint.alt_response(404, description="Unknown program, or the person is not banned.")
@blueprint.alt_response(503, description="Kafka or Redis is unavailable.")
def unban(query: dict[str, str], program: str, external_id: str) -> BanResponse:
    """Lift a ban: everything counts again as if there had been none, with the same ids, so that nothing is granted twice."""
    require_program(program)
    id = person_id_of(program, external_id)
    person = dependencies().people.person(program, id)
    if person is None or person.ban is None:
        detail = (
            f"{external_id} is not banned from {program}. GET /v1/programs/{program}/bans lists who is; a new ban takes effect"
            " within a second."
        )
        raise Problem(404, "not_banned", detail)
    return _publish_ban(PersonUnbanned, program, id, query)


def _publish_ban(
    kind: type[PersonBanned | PersonUnbanned],
    program: str,
    person: str,
    decision: dict[str, str],
    external_id: str | None = None,
) -> BanResponse:
    """Publishes the decision. Repeating a decision does not change the fold's state, so publishing it twice is harmless.

    `external_id` is that of a person who may be new: then who they are is published with the decision.
    """
    named, new = named_person(person, context().people), None
    if named.external_id is None and external_id is not None and not is_person_id(external_id):
        named = NamedPerson(person, external_id, None)
        now = to_datetime(context().clock.now_ms())
        new = Person(id=person, program=program, recorded_at=now, external_id=external_id)
    line = publish_ban(kind, program, named, decision["by"], decision["note"], g.key.id, new)
    shown = shown_note(decision["note"], named)
    return BanResponse(person, named.external_id, line.by, shown, line.occurred_at, line.api_key)


def publish_ban(
    kind: type[PersonBanned | PersonUnbanned],
    program: str,
    person: NamedPerson,
    by: str,
    note: str,
    api_key: str | None,
    new: Person | None = None,
) -> PersonBanned | PersonUnbanned:
    """The line of a ban or an unban, once it is durable with the note, and with who the person is if they are new.

    An operator of the console has no API key. Raises NotDurable or Overloaded.
    """
    now = to_datetime(context().clock.now_ms())
    text = new_note(program, person, note, now)
    line = kind(
        occurred_at=now,
        id=random_id("ban"),
        program=program,
        person=person.id,
        by=by,
        note=text.text_id if text else None,
        api_key=api_key,
    )
    dependencies().publish_decision(EVENTS, fact_key(line), line, new, text)
    return line
