"""`GET /v1/programs/{p}/people/{id}/explanation`: the whole reason, down to the places of the raw facts on the log."""

from flask import request
from flask_smorest import Blueprint

from conversion_tracker.attribution.api import known_person, version_of
from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.timeline import Touch
from conversion_tracker.dependencies import collaborators
from conversion_tracker.explain.explanation_response import Explained, explained
from conversion_tracker.explain.explanation_schemas import ExplanationOut
from conversion_tracker.explain.leaderboard_client import Standing
from conversion_tracker.explain.trace import Asked, Trail, walk
from conversion_tracker.explain.trace_reader import Bounds, Reading
from referral.events.ids import referral_id
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.log_reader import LogUnavailable

blueprint = Blueprint("explanations", __name__, description="Why things are as they are.")


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/explanation")
@requires("read")
@blueprint.response(200, ExplanationOut)
@blueprint.alt_response(404, description="No such program, or nothing of this person bears on who brought them.")
@blueprint.alt_response(503, description="The log or Redis is away; Retry-After says when to ask again.")
def explanation(program: str, external_id: str) -> dict[str, object]:
    """Every touch with why it won or lost, rules, screening, rewards, rank, and the lines of the log that all of it rests on."""
    person = known_person(program, external_id)
    version = version_of(program, person)
    rules = attribution_rules(version) if version else None
    asked = _asked(
        program, external_id, person, winning_touch(person.history.timeline(), rules, rules.model) if rules else None
    )
    return explained(
        Explained(asked, person, version, rules, _trail(asked), _standing(asked)), context().catalog, context().settings
    )


def _asked(program: str, external_id: str, person: Person, won: Touch | None) -> Asked:
    if won is None:
        return Asked(program, external_id, person.history)
    participant = context().catalog.participant(won.referrer)
    referral = referral_id(program, external_id, won.referrer)
    conversion = collaborators().conversions.conversion(program, won.referrer, referral)
    beneficiary = participant.external_id if participant else None
    bans = [person.ban, collaborators().conversions.ban(conversion) if conversion else None]
    moments = tuple(ban.at for ban in bans if ban is not None)
    return Asked(program, external_id, person.history, won, won.referrer, beneficiary, conversion, moments)


def _trail(asked: Asked) -> Trail:
    try:
        with collaborators().lookups.borrow() as lookup:
            return walk(asked, Reading(lookup, Bounds()), context().settings.partitions)
    except LogUnavailable as error:
        detail = f"The log does not answer: {error}. Nothing is wrong with the person: ask again in a moment."
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "1"}) from error


def _standing(asked: Asked) -> Standing:
    if asked.referrer is None:
        return Standing(None, "Nobody brought this person, so there is nobody to rank.")
    authorization = request.headers.get("Authorization", "")
    return collaborators().leaderboard.standing(asked.program, asked.referrer, authorization)
