"""`GET /v1/programs/{p}/people/{id}/explanation`: the whole reason, down to the places of the raw facts on the log."""

from flask import request
from flask_smorest import Blueprint

from conversion_tracker.attribution.api import known_person, version_of
from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.timeline import Touch
from conversion_tracker.dependencies import dependencies
from conversion_tracker.explain.explanation_response import Explanation, explanation_response
from conversion_tracker.explain.explanation_schemas import ExplanationOut
from conversion_tracker.explain.leaderboard_client import RankResult
from conversion_tracker.explain.trace import Trace, TraceSubject, build_trace
from conversion_tracker.explain.trace_reader import ReadLimits, TraceReader
from referral.events.ids import referral_id
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.errors import LogUnavailable

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
    asked = _trace_subject(
        program, external_id, person, winning_touch(person.history.timeline(), rules, rules.model) if rules else None
    )
    return explanation_response(
        Explanation(asked, person, version, rules, _read_trace(asked), _referrer_rank(asked)),
        context().catalog,
        context().settings,
    )


def _trace_subject(program: str, external_id: str, person: Person, won: Touch | None) -> TraceSubject:
    if won is None:
        return TraceSubject(program, external_id, person.history)
    participant = context().catalog.participant(won.referrer)
    referral = referral_id(program, external_id, won.referrer)
    conversion = dependencies().conversions.conversion(program, won.referrer, referral)
    beneficiary = participant.external_id if participant else None
    bans = [person.ban, dependencies().conversions.ban(conversion) if conversion else None]
    moments = tuple(ban.at for ban in bans if ban is not None)
    return TraceSubject(program, external_id, person.history, won, won.referrer, beneficiary, conversion, moments)


def _read_trace(asked: TraceSubject) -> Trace:
    try:
        with dependencies().log_readers.borrow() as lookup:
            return build_trace(asked, TraceReader(lookup, ReadLimits()), context().settings.partitions)
    except LogUnavailable as error:
        detail = f"The log is unavailable, so the explanation cannot be built. {error} Then retry the request."
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "1"}) from error


def _referrer_rank(asked: TraceSubject) -> RankResult:
    if asked.referrer is None:
        return RankResult(None, "Nobody brought this person, so there is nobody to rank.")
    authorization = request.headers.get("Authorization", "")
    return dependencies().leaderboard.get_rank(asked.program, asked.referrer, authorization)
