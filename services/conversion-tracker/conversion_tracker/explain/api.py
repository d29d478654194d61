"""`GET /v1/programs/{p}/people/{id}/explanation`: why a person is attributed as they are, down to log positions."""

from flask import g, request

from conversion_tracker.attribution.api import known_person, known_referrers, version_of
from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.timeline import Touch
from conversion_tracker.dependencies import dependencies
from conversion_tracker.explain.explanation_response import Explanation, ExplanationResponse, explanation_response
from conversion_tracker.explain.leaderboard_client import RankResult
from conversion_tracker.explain.trace import Trace, TraceSubject, build_trace
from conversion_tracker.explain.trace_reader import ReadLimits, TraceReader
from conversion_tracker.person_request import person_id_of
from referral.events.ids import referral_id
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.log.errors import LogUnavailable

blueprint = Blueprint("explanations", __name__, description="Why a person is attributed as they are.")
MAX_OF_ONE_KEY = 2  # explanations of one API key at the same time


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/explanation")
@requires("read")
@response(ExplanationResponse)
@blueprint.alt_response(404, description="The program is unknown, or no event of this person affects attribution.")
@blueprint.alt_response(
    429, description="This API key has had too many explanations, or two are being built; see Retry-After."
)
@blueprint.alt_response(
    503, description="Kafka or Redis is unavailable, or four explanations are being built; see Retry-After."
)
def explanation(program: str, external_id: str) -> ExplanationResponse:
    """Every touch with why it won or lost, the rules, screening, rewards and rank, and the log lines that led to them."""
    id = person_id_of(program, external_id)
    context().limiter.count_explanation(request)
    with dependencies().explanations.hold(g.key.id, MAX_OF_ONE_KEY):
        return _explain(program, id, external_id)


def _explain(program: str, id: str, external_id: str) -> ExplanationResponse:
    person = known_person(program, id, external_id)
    version = version_of(program, person)
    rules = attribution_rules(version) if version else None
    winning = winning_touch(person.history.timeline(), rules, rules.model) if rules else None
    subject = _trace_subject(program, id, person, winning)
    return explanation_response(
        Explanation(subject, person, version, rules, _read_trace(subject), _referrer_rank(subject)),
        known_referrers(),
        context().settings,
    )


def _trace_subject(program: str, id: str, person: Person, winning: Touch | None) -> TraceSubject:
    if winning is None:
        return TraceSubject(program, id, person.history)
    referral = referral_id(program, id, winning.referrer)
    conversion = dependencies().conversions.conversion(program, winning.referrer, referral)
    bans = [person.ban, dependencies().conversions.ban(conversion) if conversion else None]
    ban_times = tuple(ban.at for ban in bans if ban is not None)
    return TraceSubject(program, id, person.history, winning, winning.referrer, conversion, ban_times)


def _read_trace(subject: TraceSubject) -> Trace:
    try:
        with dependencies().log_readers.borrow() as log:
            return build_trace(subject, TraceReader(log, ReadLimits()), context().settings.partitions)
    except LogUnavailable as error:
        detail = f"The log is unavailable, so the explanation cannot be built. {error} Then retry the request."
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "1"}) from error


def _referrer_rank(subject: TraceSubject) -> RankResult:
    if subject.referrer is None:
        return RankResult(None, "This person has no referrer.")
    authorization = request.headers.get("Authorization", "")
    return dependencies().leaderboard.get_rank(subject.program, subject.referrer, authorization)
